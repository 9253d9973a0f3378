"""Several predicts in a row: the first that answers gives the reply."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import (
    Finish,
    HistoryError,
    ImagePart,
    Message,
    OptionError,
    ProviderStreamError,
    Reasoning,
    Restarted,
    Retry,
    RetryScheduled,
    echo_predict,
    fallback,
    make_predict,
)
from chatadapters.testing import ScriptedBackend
from tests.both import Run, complete

STOP = Finish("stop")
REFUSED = ProviderStreamError("wrong key", status=401)
ONCE = Retry(attempts=1)


def scripted(*scripts: Any, **options: Any) -> Any:
    return make_predict(ScriptedBackend(*scripts), **{"pace": 0, "retry": ONCE, **options})


def test_the_first_that_can_answers(run: Run) -> None:
    """A good first predict is the only one that is asked."""
    second = scripted("second")
    assert run(fallback(scripted("first"), second), "predict", "Hi") == ["first"]
    assert second.backend.requests == []


def test_the_next_answers_when_one_has_failed_for_good(run: Run) -> None:
    """Whatever made it fail, the chat goes on."""
    predict = fallback(scripted([REFUSED]), scripted([ConnectionResetError()]), scripted("third"))
    assert run(predict, "predict", "Hi") == ["third"]
    assert complete(run, predict, "Hi").attempts == 3


def test_each_keeps_its_own_retries(run: Run) -> None:
    """A backend is given up only after its own attempts."""
    first = scripted([ConnectionResetError()], retry=Retry(attempts=3, wait=0.001))
    assert run(fallback(first, scripted("second")), "predict", "Hi") == ["second"]
    assert len(first.backend.requests) == 3


def test_events_tell_who_answered(run: Run) -> None:
    """The failure is told, and the finish names the backend."""
    events = run(fallback(scripted([REFUSED]), echo_predict()), "events", "Hi")
    assert events[0] == RetryScheduled(1, 0.0, REFUSED)
    assert events[-1] == Finish("stop", backend="echo")


def test_after_text_the_next_begins_again(run: Run) -> None:
    """What was shown is replaced as after any restart."""
    predict = fallback(scripted(["Hel", REFUSED]), scripted("Hello you"))
    values = run(predict, "predict", "Hi")
    assert values[-1] == "Hello you"
    assert all("Hello you".startswith(value) for value in values)
    assert Restarted(2) in run(predict, "events", "Hi")


def test_after_text_the_midstream_rule_may_forbid_it(run: Run) -> None:
    """With `midstream="raise"` a reply that broke in the middle is an error."""
    first = scripted(["Hel", REFUSED], retry=Retry(attempts=1, midstream="raise"))
    with pytest.raises(ProviderStreamError, match="wrong key"):
        run(fallback(first, scripted("never")), "predict", "Hi")


def test_the_last_error_is_raised_when_all_fail(run: Run) -> None:
    """Nobody answered: the error is that of the last one."""
    last = ProviderStreamError("also down", status=500)
    with pytest.raises(ProviderStreamError, match="also down"):
        run(fallback(scripted([REFUSED]), scripted([last])), "predict", "Hi")


def test_a_backend_that_cannot_take_the_conversation_is_passed_over(run: Run) -> None:
    """An image goes to the first that takes images."""
    message = Message("user", (ImagePart("data:image/png;base64,iVBORw0KGgo="),))
    predict = fallback(echo_predict(), scripted("a cat"))
    assert run(predict, "predict", message) == ["a cat"]


def test_a_message_that_nobody_can_read_is_an_error_at_once(run: Run) -> None:
    """The caller's mistake is no failure of a backend."""
    with pytest.raises(HistoryError):
        run(fallback(scripted("a"), scripted("b")), "predict", "Hi", [object()])


def test_inputs_reach_all_that_name_them(run: Run) -> None:
    """The first names the inputs; the others take those they name too."""
    first = scripted([REFUSED], additional_inputs=["system", "temperature"])
    second = scripted("yes", additional_inputs=["temperature"])
    run(fallback(first, second), "predict", "Hi", [], "S", 0.5)
    assert first.backend.requests[0]["messages"][0]["content"] == "S"
    assert second.backend.requests[0] == {
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
    }


def test_using_changes_all_and_build_shows_the_first() -> None:
    """Options are shared; the payload is that of the one asked first."""
    predict = fallback(scripted("a"), scripted("b")).using(system="S")
    assert predict.build("Hi")["messages"][0] == {"role": "system", "content": "S"}


def test_only_predicts_can_fall_back() -> None:
    """Anything else is refused at once."""
    with pytest.raises(OptionError, match="takes predicts"):
        fallback(echo_predict(), lambda message, history: "no")  # type: ignore[arg-type]


def test_fallbacks_can_be_nested(run: Run) -> None:
    """All are asked in order."""
    inner = fallback(scripted([REFUSED]), scripted("inner"))
    assert run(fallback(inner, scripted("outer")), "predict", "Hi") == ["inner"]


def test_what_the_ui_does_meanwhile_does_not_matter(run: Run) -> None:
    """The conversation is read when the reply begins, not when a backend fails."""
    history: list[Any] = [["a", "b"]]

    class Appending(ScriptedBackend):
        def reader(self) -> Any:
            history.append(["Hi", "par"])
            return super().reader()

    second = scripted("yes")
    run(fallback(make_predict(Appending([REFUSED]), retry=ONCE), second), "predict", "Hi", history)
    assert [m["content"] for m in second.backend.requests[0]["messages"]] == ["a", "b", "Hi"]


def test_clean_ends_are_counted_for_each(run: Run) -> None:
    """The next backend has its own chances."""
    fast = Retry(wait=0.001)
    first, second = scripted([], [], retry=fast), scripted([], "whole", retry=fast)
    assert run(fallback(first, second), "predict", "Hi") == ["whole"]


def test_each_on_finish_is_told_how_its_own_reply_ended(run: Run) -> None:
    """One that failed hears of it, with its error, before the next is asked."""
    told: list[tuple[str, Any, int, Any]] = []

    class Asked(ScriptedBackend):
        def reader(self) -> Any:
            told.append(("asked", None, 0, None))
            return super().reader()

    def hears(name: str) -> Any:
        return lambda reply: told.append((name, reply.text, reply.attempts, reply.error))

    predict = fallback(
        scripted(["Hel", REFUSED], on_finish=hears("first")),
        make_predict(Asked(["Hello you", STOP]), retry=ONCE, on_finish=hears("second")),
        scripted("never", on_finish=hears("third")),
    )
    assert run(predict, "predict", "Hi")[-1] == "Hello you"
    assert told == [
        ("first", "Hel", 1, REFUSED),
        ("asked", None, 0, None),
        ("second", "Hello you", 2, None),
    ]


def test_what_the_last_failed_with_is_told_to_the_last(run: Run) -> None:
    """Nobody is told of another's failure."""
    errors: dict[str, Any] = {}
    last = ProviderStreamError("also down", status=500)
    predict = fallback(
        scripted([REFUSED], on_finish=lambda reply: errors.update(first=reply.error)),
        scripted([last], on_finish=lambda reply: errors.update(last=reply.error)),
    )
    with pytest.raises(ProviderStreamError, match="also down"):
        run(predict, "predict", "Hi")
    assert errors == {"first": REFUSED, "last": last}


def test_an_on_finish_that_raises_ends_the_whole(run: Run) -> None:
    """Its error is raised from the one it was told of, as that of a single predict is."""

    def broken(_: Any) -> None:
        raise LookupError("mine")

    second = scripted("never")
    with pytest.raises(LookupError, match="mine") as caught:
        run(fallback(scripted([REFUSED], on_finish=broken), second), "predict", "Hi")
    assert caught.value.__cause__ is REFUSED
    assert second.backend.requests == []


def test_the_first_says_how_the_reply_is_shown(run: Run) -> None:
    """Its `show_reasoning` and `notice` hold for what another says."""
    first = scripted([REFUSED], show_reasoning=True, notice=lambda finish: f" ({finish.backend})")
    second = scripted([Reasoning("hm"), "yes", STOP])
    assert (
        run(fallback(first, second), "predict", "Hi")[-1] == "<think>hm</think>\n\nyes (scripted)"
    )
