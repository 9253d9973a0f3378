"""What the fields of a layout may hold, so that one written by hand fails at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from chatadapters._errors import TemplateError

from ._texts import Thinking

if TYPE_CHECKING:
    from collections.abc import Callable

Around: TypeAlias = tuple[str, str]
SystemPlace: TypeAlias = Literal[
    "block", "first_user", "last_user", "last_message", "ignore", "refuse"
]
LaterPlace: TypeAlias = Literal["anywhere", "between"]


ROLES = ("system", "user", "assistant")
# What else can be stripped: the system text and the user's text that it stands before, as one.
MERGED = "merged"
# A system message between the turns, where it is stripped otherwise than the first one.
LATER = "later"
# Where the system text stands inside a turn.
INSIDE = {"first_user", "last_user", "last_message"}
# The assistant's text that ends a conversation, by what counts as the end: the last message,
# every message after the last user's, or the last answer even where a user's text follows.
CLOSING: tuple[Literal["last", "reply", "newest"], ...] = ("last", "reply", "newest")
KINDS = ("start", "user", "assistant", *CLOSING, "empty", "end")
_Row: TypeAlias = tuple[object, ...]
_PLACES = {"system_place": get_args(SystemPlace), "later_place": get_args(LaterPlace)}
_OPTIONAL = {"first_user", "later_system", "blank_system"}


def check_strings(**values: object) -> None:
    """Refuse what is no string, by name."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise TemplateError(f"{name}={value!r} is not a string")


def check_field(name: str, value: object) -> None:
    """Refuse what a field of a layout does not take, by name, and say what it takes."""
    good, wanted = _judged(name, value)
    if not good and not (name in _OPTIONAL and value is None):
        raise TemplateError(f"Layout({name}={value!r}): give {wanted}")


def _judged(name: str, value: object) -> tuple[bool, str]:
    if name in {"user", "assistant", "system", "later_system"}:
        pair = isinstance(value, tuple) and len(value) == 2 and _strings(value)  # noqa: PLR2004
        return pair, 'what stands before and after the text, such as ("<user>", "</user>")'
    if name in _PLACES:
        return value in _PLACES[name], f"one of {', '.join(map(repr, _PLACES[name]))}"
    if name in {"stop", "special_tokens", "reserved"}:
        filled = isinstance(value, tuple) and _strings(value) and "" not in value
        return filled, 'a tuple of texts that are not empty, such as ("</s>",)'
    if name == "trim":
        roles = (*ROLES, MERGED)
        return isinstance(value, tuple) and set(value) <= {*roles}, f"a tuple of any of {roles}"
    if name in _ROWS:
        rows = cast("_Row", value) if isinstance(value, tuple) else (None,)
        good = all(isinstance(row, tuple) and _ROWS[name](cast("_Row", row)) for row in rows)
        return good, "a tuple of what the description of Layout says"
    return isinstance(value, str), "a text"


def _strings(value: tuple[object, ...]) -> bool:
    return all(isinstance(item, str) for item in value)


def _is_between(row: _Row) -> bool:
    return len(row) == 3 and _strings(row) and set(row[:2]) <= set(KINDS)  # noqa: PLR2004


def _is_strip(row: _Row) -> bool:
    known = len(row) == 3 and row[0] in {*ROLES, *CLOSING, LATER}  # noqa: PLR2004
    return known and all(part is None or isinstance(part, str) for part in row[1:])


def _is_date(row: _Row) -> bool:
    return len(row) == 2 and _strings(row) and "" not in row  # noqa: PLR2004


def _is_thinking(row: _Row) -> bool:
    if not isinstance(row, Thinking) or row.kind not in {"assistant", *CLOSING}:
        return False
    texts = (row.close, row.open, row.between, row.before or "", row.alone or "", row.trim or "")
    whole = _strings(texts) and row.close != "" and len(row.strip) == 2  # noqa: PLR2004
    return whole and row.cut in {"first", "last", "each"} and (row.cut != "each" or row.open != "")


_ROWS: dict[str, Callable[[_Row], bool]] = {
    "between": _is_between,
    "strip": _is_strip,
    "dates": _is_date,
    "thinking": _is_thinking,
}
