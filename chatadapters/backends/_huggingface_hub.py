"""What huggingface_hub knows for us: the saved token, its router's address, a model's template."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._errors import OptionError
from .._registry import missing
from ._addresses import split

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from ..templates import DialogueTemplate

#: Where the saved token may go besides the router; a Space is somebody's own program.
_TRUSTED = ("huggingface.co", "huggingface.cloud", "hf.co")


class InferenceClientLike(Protocol):
    """What is read of an `InferenceClient` or `AsyncInferenceClient`; all versions have it."""

    model: str | None
    token: str | None
    headers: dict[str, str]
    cookies: dict[str, str] | None
    provider: Any


class Lent(NamedTuple):
    """What a client lends: nothing of its connections, all of where and as whom it asks."""

    model: str | None = None
    base_url: str | None = None
    provider: str | None = None
    token: str | None = None
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Lent(...)"


def lent_by(client: InferenceClientLike | None) -> Lent:
    """Read what a client lends.

    Raises:
        OptionError: It is no `InferenceClient`.
    """
    if client is None:
        return Lent()
    if not all(hasattr(client, name) for name in ("model", "token", "headers", "provider")):
        raise OptionError(
            f"client={type(client).__name__}: give an InferenceClient or AsyncInferenceClient "
            "of huggingface_hub"
        )
    url = client.model if is_url(client.model) else None
    cookies = "; ".join(f"{name}={value}" for name, value in (client.cookies or {}).items())
    headers = {**client.headers, **({"Cookie": cookies} if cookies else {})}
    return Lent(None if url else client.model, url, client.provider, client.token, headers)


def is_url(value: str | None) -> bool:
    """Say whether a model is named by its address."""
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def is_trusted(url: str) -> bool:
    """Say whether an address is Hugging Face's own, so that the saved token may go there."""
    parts = split(url)
    host = f".{parts.hostname}"
    return parts.scheme == "https" and host.endswith(tuple(f".{name}" for name in _TRUSTED))


def saved_token() -> str | None:
    """Give the token of the environment or of `hf auth login`."""
    token: str | None = _hub().get_token()
    return token


def router_url(path: str) -> str:
    """Give an address at Hugging Face's router."""
    from importlib import import_module

    _hub()
    template: str = import_module("huggingface_hub.constants").INFERENCE_PROXY_TEMPLATE
    return template.format(provider=path)


@cache
def template_of_model(model: str) -> DialogueTemplate:
    """Read the chat template of a model on the hub, or in a folder; kept from then on."""
    from ..templates import DialogueTemplate

    return DialogueTemplate.from_pretrained(model)


def _hub() -> ModuleType:
    try:
        import huggingface_hub
    except ImportError:
        raise missing("huggingface_hub", "huggingface") from None
    return huggingface_hub
