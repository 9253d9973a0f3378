"""Broken replies: what is tried again, what is shown meanwhile, what is raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
import tenacity

from chatadapters import (
    Finish,
    IncompleteStreamError,
    LimitExceededError,
    Limits,
    MalformedStreamError,
    ProviderStreamError,
    Restarted,
    Retry,
    RetryScheduled,
    StallError,
    Text,
    Timeout,
    make_predict,
)
from chatadapters._events import Done, Failed, Progress
from chatadapters.testing import Pause, ScriptedBackend
from tests.both import Run, complete

FAST = Retry(wait=0.001)
STOP = Finish("stop")
RESET = ConnectionResetError("connection reset")


def scripted(
    *scripts: Any, backend: type[ScriptedBackend] = ScriptedBackend, **options: Any
) -> Any:
    return make_predict(backend(*scripts), **{"pace": 0, "retry": FAST, **options})


@pytest.mark.parametrize("error", [RESET, TimeoutError(), ProviderStreamError("busy")])
def test_a_failure_before_any_text_is_invisible(run: Run, error: Exception) -> None:
    """The second attempt is the reply; nothing of the first is seen."""
    predict = scripted([error], "Hello you")
    assert run(predict, "predict", "Hi")[-1] == "Hello you"
    assert complete(run, scripted([error], "Hello you"), "Hi").attempts == 2


def test_a_break_in_the_middle_restarts_and_replaces(run: Run) -> None:
    """The text never shrinks, doubles or mixes, and ends as the second attempt."""
    predict = scripted([*"Hello th", RESET], [*"Hello there", STOP])
    values = run(predict, "predict", "Hi")
    assert all("Hello there".startswith(value) for value in values)
    assert values == sorted(values, key=len)
    assert values[-1] == "Hello there"


def test_events_tell_of_the_restart(run: Run) -> None:
    """A consumer of events learns what failed, how long it waits and what to discard."""
    events = run(scripted(["Hel", RESET], ["Hello", STOP]), "events", "Hi")
    assert [type(event) for event in events] == [Text, RetryScheduled, Restarted, Text, Finish]
    assert events[1].attempt == 1
    assert events[1].error is RESET
    assert events[1].wait >= 0
    assert events[2] == Restarted(2)
    assert "".join(e.delta for e in events[3:-1]) == "Hello"


def test_a_different_second_attempt_replaces_the_first(run: Run) -> None:
    """What is shown is always a prefix of exactly one attempt."""
    values = run(scripted([*"Hello", RESET], [*"Goodbye", STOP]), "predict", "Hi")
    assert values[-1] == "Goodbye"
    assert all("Hello".startswith(v) or "Goodbye".startswith(v) for v in values)


@pytest.mark.parametrize("view", ["predict", "deltas"])
def test_a_reader_may_begin_again(view: str, run: Run) -> None:
    """Where a call within its attempt failed; what was read before it counts no more."""
    script = ["<think>Hm</think>Hel", "lo ST", Restarted(0), "<think>Hm</think>Hello ", "Ada.STOP"]
    predict = make_predict(ScriptedBackend(script), pace=0, stop="STOP")
    values = run(predict, view, "Hi")
    assert (values[-1] if view == "predict" else "".join(values)) == "Hello Ada."
    events = run(make_predict(ScriptedBackend(script), stop="STOP"), "events", "Hi")
    assert [event for event in events if isinstance(event, Restarted)] == [Restarted(1)]
    reply = complete(run, predict, "Hi")
    assert (reply.text, reply.reasoning, reply.attempts) == ("Hello Ada.", "Hm", 1)


def test_deltas_go_on_over_a_restart_that_repeats(run: Run) -> None:
    """Consumers that append see no seam."""
    predict = scripted(["Hel", "lo", RESET], ["He", "llo ", "you", STOP])
    assert "".join(run(predict, "deltas", "Hi")) == "Hello you"


@pytest.mark.parametrize("ending", [[], [RESET]], ids=["clean", "reset"])
def test_on_finish_is_told_what_the_consumer_is(ending: list[Any], run: Run) -> None:
    """Deltas cannot take back what a shorter second attempt lacks, however that one ends."""
    told: list[Any] = []
    scripts = (["Hello wor", RESET], ["Hello", STOP, *ending])
    with pytest.raises(IncompleteStreamError, match="reads differently") as caught:
        run(scripted(*scripts, on_finish=told.append), "deltas", "Hi")
    assert [reply.error for reply in told] == [caught.value]


@pytest.mark.parametrize("ending", [[], [RESET]], ids=["clean", "reset"])
def test_on_finish_is_told_of_a_notice_that_fails(ending: list[Any], run: Run) -> None:
    """It is called at the finish, and its error is the reply's, tried by nobody again."""
    told: list[Any] = []

    def notice(finish: Finish) -> str:
        raise LookupError(finish.reason)

    predict = scripted(["Hello", STOP, *ending], "never", notice=notice, on_finish=told.append)
    with pytest.raises(LookupError, match="stop") as caught:
        run(predict, "predict", "Hi")
    assert [reply.error for reply in told] == [caught.value]


def test_deltas_raise_where_a_restart_differs(run: Run) -> None:
    """Text cannot be taken back from a consumer that appends."""
    with pytest.raises(IncompleteStreamError, match="reads differently") as caught:
        run(scripted(["Hello", RESET], ["Hey you", STOP], "never"), "deltas", "Hi")
    assert caught.value.partial == "Hello"


def test_a_shorter_second_attempt_is_the_reply(run: Run) -> None:
    """What counts in the end is the attempt that finished, however short."""
    scripts = ["A long beginning", RESET], ["Short", STOP]
    assert run(scripted(*scripts), "predict", "Hi")[-1] == "Short"
    assert complete(run, scripted(*scripts), "Hi").text == "Short"


def test_a_reply_restarts_only_so_often(run: Run) -> None:
    """Each restart is paid for, so few are made; the error has the text so far."""
    predict = scripted(["Hello", ProviderStreamError("one")], ["Hel", ProviderStreamError("two")])
    with pytest.raises(ProviderStreamError, match="two") as caught:
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 2
    assert caught.value.partial == "Hello"


def test_midstream_raise_keeps_the_partial_text(run: Run) -> None:
    """With `midstream="raise"` a reply that broke after its first text is not tried again."""
    predict = scripted(["Hello", IncompleteStreamError("cut")], "x", retry=Retry(midstream="raise"))
    with pytest.raises(IncompleteStreamError) as caught:
        run(predict, "predict", "Hi")
    assert caught.value.partial == "Hello"
    assert len(predict.backend.requests) == 1


def test_a_stream_that_merely_ends_is_incomplete(run: Run) -> None:
    """Text is never silently cut; after two clean ends the error names the option."""
    predict = scripted(["Hello"], ["Hello"], "never")
    with pytest.raises(IncompleteStreamError, match='ends_with="done"') as caught:
        run(predict, "predict", "Hi")
    assert caught.value.partial == "Hello"
    assert len(predict.backend.requests) == 2


def test_a_stream_cut_once_is_made_whole(run: Run) -> None:
    """A clean end without a finish is a failure like any other."""
    assert run(scripted(["Hel"], "Hello you"), "predict", "Hi")[-1] == "Hello you"


@pytest.mark.parametrize(
    ("ends_with", "script"), [("close", ["Hello"]), ("done", ["Hello", Done()])]
)
def test_servers_that_say_less_are_named_by_an_option(
    run: Run, ends_with: str, script: Sequence[Any]
) -> None:
    """The end that was named suffices; the reason stays unknown."""
    predict = scripted(script, ends_with=ends_with)
    assert run(predict, "predict", "Hi") == ["Hello"]
    assert run(predict, "events", "Hi")[-1] == Finish("unknown", backend="scripted")


def test_done_without_a_finish_names_its_option(run: Run) -> None:
    """`[DONE]` alone does not suffice unless it is said to."""
    with pytest.raises(IncompleteStreamError, match='sends one, set ends_with="done"'):
        run(scripted(["Hello", Done()]), "predict", "Hi")


def test_a_break_after_the_finish_is_none(run: Run) -> None:
    """A complete reply stays complete when the connection breaks behind it."""
    predict = scripted(["Hello", STOP, RESET])
    assert run(predict, "predict", "Hi") == ["Hello"]
    assert len(predict.backend.requests) == 1


def test_what_came_before_a_failure_in_one_chunk_is_kept(run: Run) -> None:
    """A reader that gives `Failed` loses nothing."""
    failed = Failed(ProviderStreamError("boom", status=400))
    with pytest.raises(ProviderStreamError, match="boom") as caught:
        run(scripted(["Hello", failed]), "predict", "Hi")
    assert caught.value.partial == "Hello"


def test_a_bug_in_a_reader_is_raised_not_retried(run: Run) -> None:
    """A mistake is no passing failure."""
    predict = scripted(["a", ZeroDivisionError("bug")], "never")
    with pytest.raises(ZeroDivisionError, match="bug"):
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 1


def test_text_before_an_error_is_shown_before_it_is_raised() -> None:
    """The consumer has the partial text when the error comes."""
    predict = scripted(["Hello", ValueError("bad")], pace=25)
    values: Any = predict("Hi")
    assert next(values) == "Hello"
    with pytest.raises(ValueError, match="bad"):
        next(values)


def test_a_silent_provider_is_given_up_and_tried_again(run: Run) -> None:
    """A stall is a failure; the second attempt answers."""
    predict = scripted(["Hel", Pause(30)], "Hello you", timeout=Timeout(first=20, idle=0.5))
    started = time.monotonic()
    assert run(predict, "predict", "Hi")[-1] == "Hello you"
    assert time.monotonic() - started < 25


def test_a_provider_that_never_begins_is_given_up(run: Run) -> None:
    """The first clock names itself."""
    predict = scripted([Pause(30)], timeout=Timeout(first=0.5), retry=Retry(attempts=2, wait=0.001))
    with pytest.raises(StallError, match="Timeout.first"):
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 2


def test_content_that_is_no_text_keeps_the_reply_alive(run: Run) -> None:
    """A long tool call is no stall."""
    script = [*([Progress(1), Pause(0.2)] * 5), Text("done"), STOP]
    predict = scripted(script, timeout=Timeout(first=5, idle=0.8))
    assert run(predict, "predict", "Hi") == ["done"]


def test_the_total_time_is_final(run: Run) -> None:
    """No further attempt follows the total deadline."""
    predict = scripted(["a", Pause(30)], timeout=Timeout(total=1))
    with pytest.raises(StallError, match="Timeout.total"):
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 1


def test_an_endless_reply_ends_in_an_error(run: Run) -> None:
    """The limit names its option and is not tried again."""
    predict = scripted(["x" * 60, "x" * 60, STOP], limits=Limits(reply=100))
    with pytest.raises(LimitExceededError, match=r"Limits\(reply=") as caught:
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 1
    assert caught.value.partial == "x" * 60


def test_a_reply_breaks_for_good_after_its_attempts(run: Run) -> None:
    """The last error is raised as it is, not wrapped."""
    predict = scripted([RESET], retry=Retry(attempts=3, wait=0.001))
    with pytest.raises(ConnectionResetError) as caught:
        run(predict, "predict", "Hi")
    assert caught.value is RESET
    assert len(predict.backend.requests) == 3


def test_a_tenacity_object_is_a_policy(run: Run) -> None:
    """It decides how often and when."""
    own = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(MalformedStreamError),
        wait=tenacity.wait_none(),
        stop=tenacity.stop_after_attempt(2),
    )
    bad = MalformedStreamError("bad")
    assert run(scripted([bad], "fine", retry=own), "predict", "Hi")[-1] == "fine"
    with pytest.raises(MalformedStreamError):
        run(scripted([bad], [bad], "never", retry=own), "predict", "Hi")
    with pytest.raises(ConnectionResetError):
        run(scripted([RESET], "never", retry=own), "predict", "Hi")


def test_a_tenacity_object_may_have_restarts_of_its_own(run: Run) -> None:
    """A `Retry` around it says how a broken reply goes on."""
    own = tenacity.Retrying(wait=tenacity.wait_none(), stop=tenacity.stop_after_attempt(9))
    scripts = ["Hel", RESET], ["Hell", RESET], ["Hello", STOP]
    assert (
        run(scripted(*scripts, retry=Retry(restarts=2, tenacity=own)), "predict", "Hi")[-1]
        == "Hello"
    )
    with pytest.raises(ConnectionResetError):
        run(scripted(*scripts, retry=own), "predict", "Hi")
    predict = scripted(*scripts, retry=Retry(midstream="raise", tenacity=own))
    with pytest.raises(ConnectionResetError):
        run(predict, "predict", "Hi")
    assert len(predict.backend.requests) == 1


def test_nothing_is_left_running() -> None:
    """Failed attempts leave no thread behind."""
    before = threading.active_count()
    for _ in range(20):
        list(scripted(["a", RESET], "a b")("Hi"))
    for thread in threading.enumerate():
        if thread.name == "chatadapters-feed":
            thread.join(20)
    assert threading.active_count() <= before


def test_retries_are_logged_without_prompt_or_key(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator sees what failed and how long the wait is, under the package's logger."""

    class Keyed(ScriptedBackend):
        def secrets(self) -> Sequence[str]:
            return ["sk-canary"]

    error = ProviderStreamError("busy for sk-canary")
    with caplog.at_level("DEBUG", logger="chatadapters"):
        run(scripted([error], "yes", backend=Keyed), "predict", "a private question")
    records = [record for record in caplog.records if record.name == "chatadapters"]
    (warning,) = [record.getMessage() for record in records if record.levelname == "WARNING"]
    assert warning.startswith("attempt 1 failed, the next one follows in ")
    assert warning.endswith(" s: ProviderStreamError")
    debug = [record.getMessage() for record in records if record.levelname == "DEBUG"]
    assert debug[:2] == ["attempt 1 begins: scripted", "attempt 1 failed: busy for [redacted]"]
    assert debug[2] == "attempt 2 begins: scripted"
    assert debug[3].startswith("the reply of scripted ended with 'stop': attempts 2, ")
    assert "private" not in caplog.text


def test_done_ends_a_reply_that_may_end_so(run: Run) -> None:
    """A server that keeps the connection open behind its mark is not waited for."""
    started = time.monotonic()
    predict = scripted(["Hello", Done(), Pause(30)], ends_with="done")
    assert run(predict, "predict", "Hi") == ["Hello"]
    assert time.monotonic() - started < 25


def test_the_total_time_bounds_waits_too(run: Run) -> None:
    """A wait that would end after the total time is not begun."""
    busy = ProviderStreamError("busy", status=429)
    predict = scripted([busy], "never", timeout=Timeout(total=5), retry=Retry(wait=40))
    started = time.monotonic()
    with pytest.raises(ProviderStreamError, match="busy"):
        run(predict, "predict", "Hi")
    assert time.monotonic() - started < 25


def test_text_is_shown_before_a_wait() -> None:
    """What the last frame held is not held through the wait for the next attempt."""
    script = ["first", Pause(0.5), " second", RESET]
    predict = scripted(script, "first second third", pace=0.5, retry=Retry(wait=60))
    values: Any = predict("Hi")
    assert next(values) == "first"
    started = time.monotonic()
    assert next(values) == "first second"
    assert time.monotonic() - started < 50
    values.close()


def test_errors_that_cause_each_other_end(run: Run) -> None:
    """A circle of causes is walked once."""
    first, second = ConnectionResetError("a sk-canary"), ValueError("b sk-canary")
    first.__cause__, second.__cause__ = second, first

    class Keyed(ScriptedBackend):
        def secrets(self) -> Sequence[str]:
            return ["sk-canary"]

    with pytest.raises(ConnectionResetError, match=r"a \[redacted\]"):
        run(scripted([first], backend=Keyed, retry=Retry(attempts=1)), "predict", "Hi")
    assert str(second) == "b [redacted]"
