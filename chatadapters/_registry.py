"""Names of backends: our own, and those that other packages register as entry points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import MissingDependencyError, OptionError, UnknownBackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._backend import Backend

ENTRY_POINTS = "chatadapters.backends"
BACKENDS = {
    "echo": "chatadapters.backends.echo:EchoBackend",
    "huggingface": "chatadapters.backends.huggingface:HuggingFaceBackend",
    "langchain": "chatadapters.backends.langchain:LangChainBackend",
    "local": "chatadapters.backends.local:LocalBackend",
    "openai": "chatadapters.backends.openai:OpenAIBackend",
    "text-generation": "chatadapters.backends.text_generation:TextGenerationBackend",
}


def backend_names() -> list[str]:
    """Give the names of all backends, sorted."""
    return sorted({*BACKENDS, *_entry_points()})


def backend_class(name: str) -> type[Backend]:
    """Find the class of a backend by its name.

    Raises:
        UnknownBackendError: When nobody registered the name; the text lists those that exist.

    Example:
        >>> backend_class("echo").name
        'echo'
    """
    from importlib import import_module

    if name in BACKENDS:
        module, _, attribute = BACKENDS[name].partition(":")
        found = getattr(import_module(module), attribute)
    elif entry := _entry_points().get(name):
        found = entry.load()
    else:
        raise UnknownBackendError(_unknown(name))
    cls: type[Backend] = found
    return cls


def make_backend(text: str, options: Mapping[str, Any]) -> tuple[Backend, dict[str, Any]]:
    """Make a backend of `"name:model"`.

    Args:
        text: The name, and after a colon the model if the backend takes one.
        options: Options of the backend itself and of its provider, mixed.

    Returns:
        The backend, and the options that are the provider's.
    """
    name, colon, model = text.partition(":")
    cls = backend_class(name)
    known = field_names(cls)
    own = {key: value for key, value in options.items() if key in known}
    if colon:
        own["model"] = model
    try:
        backend = cls(**own)
    except TypeError as error:
        why = _unmade(cls, text, own) or f"backend {text!r} cannot be made: {error}"
        raise OptionError(why) from error
    return backend, {key: value for key, value in options.items() if key not in known}


def _unmade(cls: type[Backend], text: str, own: Mapping[str, Any]) -> str:
    """Say which option a backend cannot do without or does not have, `""` if it is neither."""
    from inspect import signature

    if "model" in own and "model" not in signature(cls).parameters:
        return f"backend {text!r}: it has no models; leave {own['model']!r} out"
    needed = [
        each.name for each in signature(cls).parameters.values() if each.default is each.empty
    ]
    missing = next((name for name in needed if name not in own), "")
    if missing == "model":
        return f"backend {text!r}: which model? Give '{text}:NAME' or model= (--model in a shell)"
    return f"backend {text!r}: give {missing}=" if missing else ""


def field_names(backend: Backend | type[Backend]) -> set[str]:
    """Give the names of a backend's own options: its dataclass fields, or what `__init__` takes."""
    from dataclasses import fields, is_dataclass
    from inspect import signature

    if is_dataclass(backend):
        return {item.name for item in fields(backend) if item.init}
    cls = backend if isinstance(backend, type) else type(backend)
    return set() if cls.__init__ is object.__init__ else {*signature(cls).parameters}


def missing(package: str, extra: str) -> MissingDependencyError:
    """Make the error for a package that is not installed.

    Example:
        >>> str(missing("openai", "openai"))
        'openai is not installed: pip install "chatadapters[openai]"'
    """
    return MissingDependencyError(
        f'{package} is not installed: pip install "chatadapters[{extra}]"', name=package
    )


def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    names = backend_names()
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no backend is named {name!r}: {hint}there are {', '.join(names)}"
