"""Whether and when a failed attempt is followed by another."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import openai
import pytest
import tenacity
from hypothesis import example, given
from hypothesis import strategies as st

from chatadapters._backend import Backend
from chatadapters._errors import (
    IncompleteStreamError,
    LimitExceededError,
    OptionError,
    ProviderStreamError,
    StallError,
)
from chatadapters._policies import Retry, check_retry
from chatadapters._retry import Attempts
from chatadapters._server_wait import wanted_wait
from chatadapters._transient import is_transient, never_retried


class HTTPError(Exception):
    """An error as HTTP SDKs raise them."""

    def __init__(self, status: int, headers: dict[str, str] | None = None, body: object = None):
        super().__init__(f"HTTP {status}")
        self.status_code, self.headers, self.body = status, headers or {}, body


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_passing_statuses_are_tried_again(status: int) -> None:
    """A status that may pass is worth another attempt."""
    assert is_transient(HTTPError(status))
    assert Attempts(Retry(), Backend()).after(HTTPError(status), 0.0) is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422])
def test_the_callers_errors_are_never_tried_again(status: int) -> None:
    """A bad request stays one, whatever a tenacity object says."""
    assert never_retried(HTTPError(status))
    always = tenacity.Retrying(retry=tenacity.retry_always, stop=tenacity.stop_never)
    assert Attempts(always, Backend()).after(HTTPError(status), 0.0) is None


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "insufficient_quota"}},
        {"error": {"type": "insufficient_quota"}},
        {"code": "insufficient_quota"},
    ],
)
def test_a_spent_quota_is_final(body: object) -> None:
    """A 429 that says the quota is spent is no passing 429."""
    assert Attempts(Retry(), Backend()).after(HTTPError(429, body=body), 0.0) is None


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (IncompleteStreamError("cut"), True),
        (StallError("late"), True),
        (ProviderStreamError("boom"), True),
        (ProviderStreamError("bad", status=400), False),
        (LimitExceededError("huge"), False),
        (ValueError("bug"), False),
        (OptionError("typo"), False),
    ],
)
def test_the_type_decides_where_there_is_no_status(error: Exception, transient: bool) -> None:
    """Broken streams and connections are tried again, mistakes are not."""
    assert (Attempts(Retry(), Backend()).after(error, 0.0) is not None) is transient


def test_the_backend_knows_best() -> None:
    """A backend may say that an error of its own is worth another attempt, or not."""

    class Knowing(Backend):
        def retryable(self, error: BaseException) -> bool | None:
            return isinstance(error, KeyError)

    assert Attempts(Retry(), Knowing()).after(KeyError(), 0.0) is not None
    assert Attempts(Retry(), Knowing()).after(HTTPError(500), 0.0) is None


def test_attempts_are_counted() -> None:
    """Four attempts are three retries, and one is none."""
    attempts = Attempts(Retry(attempts=4), Backend())
    waits = [attempts.after(HTTPError(500), 0.0) for _ in range(4)]
    assert [wait is None for wait in waits] == [False, False, False, True]
    assert Attempts(Retry(attempts=1), Backend()).after(HTTPError(500), 0.0) is None


def test_waits_grow_and_are_capped() -> None:
    """Waits double from about half a second, with jitter, and never pass the cap."""
    attempts = Attempts(Retry(attempts=9, max_wait=3, total=1000), Backend())
    waits = [attempts.after(HTTPError(500), 0.0) or 0.0 for _ in range(8)]
    assert 0.5 <= waits[0] <= 0.75
    assert 1.0 <= waits[1] <= 1.25
    assert max(waits) <= 3


def test_total_counts_waits_and_lost_time() -> None:
    """Time lost in failed attempts and waits is bounded, streaming is not counted."""
    assert Attempts(Retry(total=10), Backend()).after(HTTPError(500), 9.9) is None
    assert Attempts(Retry(total=10), Backend()).after(HTTPError(500), 1.0) is not None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After-Ms": "1200", "Retry-After": "9"}, 1.2),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e300"}, 366 * 86_400),
        ({"retry-after": "1 Jan 2020 00:00:00 +99999999999999999999"}, None),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-remaining-tokens": "55",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            0.12,
        ),
        ({"x-ratelimit-reset": "1.5"}, 1.5),
        ({"x-ratelimit-reset": "yesterday"}, None),
        ({"x-ratelimit-reset-requests": "1.2.3s"}, None),
        ({}, None),
    ],
)
def test_what_a_server_asks_for_is_read(headers: dict[str, str], wait: float | None) -> None:
    """Seconds, milliseconds and reset headers in all their spellings are understood."""
    assert wanted_wait(HTTPError(429, headers)) == pytest.approx(wait)


_PIECES = [
    *("1", "9", "0", "²", "9" * 20, "1e400", "nan", "-inf", "+9999", "-0001", "2020", "9999"),
    *("Jan ", "Mon, ", "GMT", "T", "Z", "ms", "s", "h", "d", "-", "+", ":", ".", " ", "00:00:00"),
]


@example("1 Jan 2020 00:00:00 +99999999999999999999", None)
@example("9999-12-31T23:59:59-23:59", 10**400)
@given(
    st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=40),
    st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.none(), max_size=1),
)
def test_whatever_a_server_asks_for_is_no_wait_or_a_bounded_one(value: str, loading: Any) -> None:
    """It never raises, and what it gives can be slept."""
    names = ("retry-after", "retry-after-ms", "x-ratelimit-reset-requests")
    errors = [HTTPError(429, {name: value}) for name in names]
    for error in (*errors, HTTPError(503, body={"estimated_time": loading})):
        wait = wanted_wait(error)
        assert wait is None or 0 <= wait <= 366 * 86_400


def test_dates_are_read_as_waits() -> None:
    """A point in time, as an HTTP date, an ISO date or an epoch, is a wait from now."""
    then = datetime.now(UTC) + timedelta(seconds=30)
    for headers in (
        {"retry-after": format_datetime(then, usegmt=True)},
        {"anthropic-ratelimit-requests-reset": then.isoformat()},
        {"x-ratelimit-reset": str(then.timestamp())},
        {"x-ratelimit-reset": str(int(then.timestamp() * 1000))},
    ):
        wait = wanted_wait(HTTPError(429, headers))
        assert wait is not None
        assert 25 < wait < 31
    past = format_datetime(then - timedelta(days=1), usegmt=True)
    assert wanted_wait(HTTPError(503, {"retry-after": past})) == 0.0


def test_a_loading_model_says_when() -> None:
    """The estimated loading time in a body is a wait."""
    body = {"error": "Model is loading", "estimated_time": 20.5}
    assert wanted_wait(HTTPError(503, body=body)) == 20.5


def test_a_loading_time_outside_what_an_sdk_keeps_is_found() -> None:
    """The openai SDK keeps only the error's text of such a body; the response has it all."""
    request = httpx2.Request("POST", "http://127.0.0.1")
    response = httpx2.Response(
        503, json={"error": "loading", "estimated_time": 1.5}, request=request
    )
    error = openai.InternalServerError("503", response=response, body="loading")
    assert wanted_wait(error) == 1.5


def test_rate_limit_headers_of_other_errors_are_no_wait() -> None:
    """Every answer of some providers has them; only a 429 means them."""
    assert wanted_wait(HTTPError(500, {"x-ratelimit-reset-tokens": "6m0s"})) is None


def test_a_wait_the_server_asks_for_is_kept_or_refused() -> None:
    """It is waited as asked; one above the cap means giving up at once."""
    asked = HTTPError(429, {"retry-after": "12"})
    assert Attempts(Retry(), Backend()).after(asked, 0.0) == 12.0
    assert Attempts(Retry(max_wait=11), Backend()).after(asked, 0.0) is None


@pytest.mark.parametrize("asked", ["0", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_wait_that_is_none_is_not_taken_for_one(asked: str) -> None:
    """Else a clock that goes wrong would burn all attempts within a moment."""
    attempts = Attempts(Retry(), Backend())
    waits = [attempts.after(HTTPError(503, {"retry-after": asked}), 0.0) or 0.0 for _ in range(2)]
    assert waits[0] >= 0.5
    assert waits[1] >= 1.0


def test_a_tenacity_object_decides_when() -> None:
    """A user's own object is asked for retry, wait and stop."""
    own = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(KeyError),
        wait=tenacity.wait_fixed(0.25),
        stop=tenacity.stop_after_attempt(2),
    )
    attempts = Attempts(own, Backend())
    assert attempts.after(KeyError("k"), 0.0) == 0.25
    assert attempts.after(KeyError("k"), 0.0) is None
    assert Attempts(own, Backend()).after(HTTPError(500), 0.0) is None


def test_a_tenacity_object_may_have_our_limits_beside_it() -> None:
    """In a `Retry` it decides when, and the rest is as the `Retry` says."""
    own = tenacity.Retrying(wait=tenacity.wait_fixed(0.25), stop=tenacity.stop_after_attempt(9))
    policy = Retry(attempts=1, max_wait=5, restarts=0, midstream="raise", tenacity=own)
    check_retry(policy)
    attempts = Attempts(policy, Backend())
    assert attempts.after(HTTPError(500), 0.0) == 0.25
    assert attempts.after(HTTPError(429, {"retry-after": "6"}), 0.0) is None
    with pytest.raises(OptionError, match="retry=3"):
        check_retry(Retry(tenacity=3))


def test_a_tenacity_object_counts_from_the_beginning_of_the_reply() -> None:
    """Its delays are those since the reply began, not since it first failed."""
    own = tenacity.Retrying(stop=tenacity.stop_after_delay(0.05))
    attempts = Attempts(own, Backend())
    time.sleep(0.06)
    assert attempts.after(ConnectionResetError(), 0.0) is None


def test_what_is_no_policy_is_refused() -> None:
    """The error says what to give."""
    with pytest.raises(OptionError, match=r"give chatadapters.Retry"):
        check_retry(3)
    check_retry(Retry())
    check_retry(tenacity.Retrying())


def test_async_callables_of_tenacity_are_refused() -> None:
    """They would never be awaited in a sync reply."""

    async def wait(state: object) -> float:
        return 0.0

    own = tenacity.AsyncRetrying(wait=wait)
    with pytest.raises(OptionError, match="give plain ones"):
        Attempts(own, Backend()).after(HTTPError(500), 0.0)
