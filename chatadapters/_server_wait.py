"""How long a server asks us to wait before the next request, read from status, headers, body."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from time import time
from typing import Any

_TOO_MANY = 429
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_EPOCH_MS = 10**11  # and one that is larger still counts milliseconds
_LONGEST = 366 * 86_400.0
_EPOCH = 10**9  # a reset larger than this is a point in time, not a number of seconds


def status_of(error: BaseException | None) -> int | None:
    """Give the HTTP status of a provider's error, or None when it has none."""
    response = getattr(error, "response", None)
    for place, name in (
        (error, "status_code"),
        (error, "status"),
        (response, "status_code"),
        (response, "status"),
    ):
        value = getattr(place, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def wanted_wait(error: BaseException | None) -> float | None:
    """Read how long the server asks to wait.

    Read are `retry-after-ms`, `Retry-After` (seconds or an HTTP date), the rate-limit reset
    headers of a 429, and the `estimated_time` of a model that is still loading.

    Args:
        error: A provider's error, with `headers` or a `response` that has them.

    Returns:
        Seconds from now, never negative and at most a leap year; None when the server did not say.
    """
    headers = _headers(error)
    wait = _milliseconds(headers.get("retry-after-ms"))
    if wait is None:
        wait = _seconds_or_date(headers.get("retry-after"))
    if wait is None and status_of(error) == _TOO_MANY:
        wait = _reset(headers)
    if wait is None:
        wait = _loading_time(error)
    return None if wait is None else min(max(0.0, wait), _LONGEST)


def _headers(error: BaseException | None) -> Mapping[str, str]:
    headers = getattr(error, "headers", None) or getattr(
        getattr(error, "response", None), "headers", None
    )
    if not headers:
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _milliseconds(value: str | None) -> float | None:
    number = _number(value)
    return None if number is None else number / 1000


def _seconds_or_date(value: str | None) -> float | None:
    number = _number(value)
    return number if number is not None or value is None else _until_date(value)


def _number(value: object) -> float | None:
    if not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _until_date(value: str) -> float | None:
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = parse(value)
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            return (when - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):  # no date, or one that no calendar has
            continue
    return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """Read the longest reset among the limits that are used up, or among all of them."""
    resets: list[tuple[bool, float]] = []
    for name, value in headers.items():
        wait = _span(value) if "ratelimit" in name and "reset" in name else None
        if wait is not None:
            used_up = headers.get(name.replace("reset", "remaining"), "").strip() == "0"
            resets.append((used_up, wait))
    some_used_up = any(used_up for used_up, _ in resets)
    return max((wait for used_up, wait in resets if used_up or not some_used_up), default=None)


def _span(value: str) -> float | None:
    number = _number(value)
    if number is not None:
        number = number / 1000 if number > _EPOCH_MS else number
        return number - time() if number > _EPOCH else number
    return _go_duration(value) if value[:1].isdigit() and "T" not in value else _until_date(value)


def _go_duration(value: str) -> float | None:
    """Read a duration as OpenAI writes it: `6m0s`, `1.5s`, `120ms`."""
    import re

    piece = r"(\d+(?:\.\d+)?)(ms|[smhd])"
    if not re.fullmatch(f"(?:{piece})+", value.strip()):  # first, for a search is slow in vain
        return None
    pieces = re.findall(piece, value)
    return sum(float(number) * _UNITS[unit] for number, unit in pieces)


def _loading_time(error: BaseException | None) -> float | None:
    for body in (getattr(error, "body", None), _answer(error)):
        if isinstance(body, Mapping) and "estimated_time" in body:
            return _number(body["estimated_time"])
    return None


def _answer(error: BaseException | None) -> Any:
    """Give the JSON of an error's whole response; SDKs keep only a part of it as `body`."""
    from json import loads

    try:
        content = getattr(getattr(error, "response", None), "content", b"")
        return loads(content) if b"estimated_time" in content else None
    except (RuntimeError, TypeError, ValueError):  # not read yet, not bytes, not JSON
        return None
