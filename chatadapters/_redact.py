"""Takes keys out of errors: message, args, attributes, request and response headers, bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MASK = "[redacted]"
_DEPTH = 400  # what following objects and containers may cost together
_OBJECT, _CONTAINER = 100, 1  # a response holds its request; JSON may be deep
_SHORTEST = 4  # a shorter "key" would be found in ordinary words
# In the names of keys; not in X-Author, X-Token-Count, max_tokens, keyboard, X-Portkey-Config, nor
# in Idempotency-Key, X-Cache-Key, eos_token, stop_token_ids.
_OF_KEYS = (
    r"(?i:auth(?!ors?(?![a-z]))|cookie|secret"
    r"|(?<!(?:bos|eos|pad|unk|end)_)(?<!stop_)token(?!s(?![a-z])|[-_]?(?:count|ids?)))"
    r"|(?i:(?<!port)(?<!cache)(?<!cache[-_])(?<!idempotency)(?<!idempotency[-_])key)s?(?![a-z])"
)


def redact(error: BaseException, secrets: Sequence[str]) -> None:
    """Replace every secret in an error, its causes included, in place.

    Args:
        error: Any error; objects it carries, such as a request, are cleaned too.
        secrets: The keys that must not show; empty ones are ignored.
    """
    keys = tuple(secret for secret in secrets if len(secret) >= _SHORTEST)
    for link in chain(error) if keys else ():
        _clean_error(link, keys)


def named_secrets(given: Any) -> tuple[str, ...]:
    """Give the keys among headers, in a query or in a body that a caller added to a request.

    Example:
        >>> named_secrets({"X-Api-Key": "sk-1", "Authorization": "Bearer sk-2", "X-Trace": "7"})
        ('sk-1', 'Bearer sk-2', 'sk-2')
    """
    long = (value for value in _named("", given) if len(value) >= _SHORTEST)
    return tuple(key for value in long for key in dict.fromkeys((value, *value.split()[-1:])))


def _named(name: str, given: Any) -> Iterator[str]:
    match given:
        case Mapping():
            for inner, value in given.items():
                yield from _named(str(inner), value)
        case list() | tuple():
            for value in given:
                yield from _named(name, value)
        case str() if re.search(_OF_KEYS, name):
            yield given


def forget_locals(error: BaseException) -> None:
    """Clear the variables that the traceback of an error holds; its lines stay.

    A page or a log that prints them would show what a server echoed. Frames that still run
    keep theirs.
    """
    for link in chain(error):
        trace = link.__traceback__
        while trace is not None:
            with suppress(RuntimeError):
                trace.tb_frame.clear()
            trace = trace.tb_next


def chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and all its causes and contexts, each once, also where they go round."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__context__, link.__cause__]


def masked(text: str, secrets: Sequence[str]) -> str:
    """Give a text with every secret replaced.

    Example:
        >>> masked("Bearer sk-1 is wrong", ["sk-1"])
        'Bearer [redacted] is wrong'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _MASK)
    return text


def _clean_error(error: BaseException, keys: tuple[str, ...]) -> None:
    error.args = tuple(_clean(value, keys, _DEPTH) for value in error.args)
    _clean_attributes(error, keys, _DEPTH)


def _clean_attributes(holder: object, keys: tuple[str, ...], depth: int) -> None:
    for name, value in list(getattr(holder, "__dict__", {}).items()):
        clean = _clean(value, keys, depth - _OBJECT)
        if clean is not value:
            holder.__dict__[name] = clean


def _clean(value: Any, keys: tuple[str, ...], depth: int) -> Any:
    """Give the value without the keys: strings and containers anew, other objects in place."""
    if depth < 0:
        return value
    match value:
        case str():
            clean = masked(value, keys)
            return value if clean == value else clean
        case bytes():
            return _clean_bytes(value, keys)
        case dict() | list() | tuple():
            return _clean_container(value, keys, depth)
    if hasattr(value, "raw_path"):  # a URL of an HTTP library, whose query may have a key
        return _clean_url(value, keys)
    if hasattr(value, "headers"):
        _clean_headers(value.headers, keys)
        _clean_attributes(value, keys, depth)
    return value


def _clean_url(url: Any, keys: tuple[str, ...]) -> Any:
    from urllib.parse import quote_plus

    place, _, query = str(url).partition("?")  # a key such as "ollama" may be the host's name too
    clean = masked(query, (*keys, *map(quote_plus, keys)))
    return url if clean == query else type(url)(f"{place}?{clean}")


def _clean_bytes(value: bytes, keys: tuple[str, ...]) -> bytes:
    clean = value
    for key in keys:
        clean = clean.replace(key.encode(), _MASK.encode())
    return value if clean == value else clean


def _clean_container(value: Any, keys: tuple[str, ...], depth: int) -> Any:
    if isinstance(value, dict):
        items = (item for pair in value.items() for item in pair)
        flat = [_clean(item, keys, depth - _CONTAINER) for item in items]
        clean: Any = dict(zip(flat[::2], flat[1::2], strict=True))
    else:
        clean = [_clean(item, keys, depth - _CONTAINER) for item in value]
        if isinstance(value, tuple):
            clean = tuple(clean) if type(value) is tuple else value
    return value if clean == value else clean


def _clean_headers(headers: Any, keys: tuple[str, ...]) -> None:
    for name, value in list(getattr(headers, "items", dict)()):
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        clean = masked(text, keys)
        if clean != text and hasattr(headers, "__setitem__"):
            headers[name] = clean
