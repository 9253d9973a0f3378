"""How chat servers are asked to continue a reply that broke, as data, and when they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args
from urllib.parse import urlsplit

from .._errors import OptionError
from .._reasoning import TAGS
from ._continuing import fewer_tokens, is_bound, splits_stop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ResumeAs: TypeAlias = Literal[
    "deepseek", "kimi", "llama.cpp", "mistral", "qwen", "sglang", "tgi", "vllm"
]


class Way(NamedTuple):
    """How one kind of server is asked; the last message is the reply so far.

    Attributes:
        body: Fields of the request.
        message: Fields of the last message.
        path: A part of the path at which alone the server can do it.
    """

    body: Mapping[str, Any] = {}
    message: Mapping[str, Any] = {}
    path: str = ""


_FINAL = Way({"continue_final_message": True, "add_generation_prompt": False})
WAYS: Mapping[ResumeAs, Way] = {
    "deepseek": Way(message={"prefix": True}, path="beta"),
    "kimi": Way(message={"partial": True}),
    "llama.cpp": Way(),
    "mistral": Way(message={"prefix": True}),
    "qwen": Way(message={"partial": True}),
    "sglang": Way({"continue_final_message": True}),
    "tgi": Way({"continue_final_message": True}),
    "vllm": _FINAL,
}
#: Here a last message of the assistant is a turn that is over.
_CANNOT = ("openai.com", "azure.com", "azure.us", "azure.cn")


def check_resume_as(way: str | None) -> None:
    """Check that this is a way to continue a reply.

    Raises:
        OptionError: It is not.
    """
    if way is not None and way not in (*WAYS,):  # also of what has no hash
        known = ", ".join(map(repr, get_args(ResumeAs)))
        raise OptionError(f"resume_as={way!r}: give the kind of server, one of {known}")


def check_server(way: ResumeAs, url: str | None) -> None:
    """Check that a server may be asked in this way.

    Args:
        way: The kind of server.
        url: Its base URL, None for OpenAI's own.

    Raises:
        OptionError: OpenAI and Azure cannot continue a reply; others can at one address only.
    """
    host, path = urlsplit(url or "https://api.openai.com").hostname or "", WAYS[way].path
    if f".{host}".endswith(tuple(f".{name}" for name in _CANNOT)):
        raise OptionError(f"resume_as={way!r}: {host} cannot continue a reply; leave resume_as out")
    if path and path not in urlsplit(url or "").path.split("/"):
        raise OptionError(
            f"resume_as={way!r}: this server continues a reply below /{path} only: "
            f'give its base_url, such as "https://api.deepseek.com/{path}"'
        )


def continued(
    payload: Mapping[str, Any], text: str, way: ResumeAs, extra: str | None = None
) -> dict[str, Any] | None:
    """Build the request that continues a reply.

    Args:
        payload: The request whose reply broke.
        text: The reply so far.
        way: The kind of server.
        extra: The field into which fields go that the SDK does not know; None where it knows all.

    Returns:
        The request, or None: the reply is more than plain text, or thinks, or `text` may end
        within a stop sequence.
    """
    fields = {**payload, **payload.get("extra_body", {})}
    last = payload["messages"][-1]
    if last["role"] == "assistant" or is_bound(fields):
        return None
    if _thinks(text) or splits_stop(_stops(fields.get("stop")), text):
        return None
    message = {"role": "assistant", "content": text, **WAYS[way].message}
    body = WAYS[way].body
    if extra and body:
        body = {extra: {**payload.get(extra, {}), **body}}
    return {**fewer_tokens(payload, text), "messages": [*payload["messages"], message], **body}


def _thinks(text: str) -> bool:
    return text.lstrip().startswith(tuple(opening for opening, _ in TAGS))


def _stops(given: str | Iterable[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())
