"""Broken replies that go on where they broke, and what happens where they cannot."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import (
    Finish,
    LimitExceededError,
    ProviderStreamError,
    Restarted,
    Retry,
    Text,
    make_predict,
)
from chatadapters.testing import ScriptedBackend
from tests.both import Run

FAST = Retry(wait=0.001)
STOP = Finish("stop")
RESET = ConnectionResetError("connection reset")


def scripted(
    *scripts: Any, backend: type[ScriptedBackend] = ScriptedBackend, **options: Any
) -> Any:
    return make_predict(backend(*scripts), **{"pace": 0, "retry": FAST, **options})


class Resuming(ScriptedBackend):
    """Plays scripts, and can continue a reply."""

    resumes = True

    def resume(self, payload: Any, text: str) -> Any:
        return {**payload, "continue": text}

    def retryable(self, error: BaseException) -> bool | None:
        return False if getattr(error, "code", None) == "lasting" else None


class Ready(Resuming):
    """Can continue a reply, but does so only when asked to."""

    resumes = False


def test_a_broken_reply_resumes_where_the_backend_can(run: Run) -> None:
    """The continuation is asked for behind the last whole word, and no seam is seen."""
    predict = scripted(["One two thr", RESET], [" three", " four", STOP], backend=Resuming)
    assert "".join(run(predict, "deltas", "Hi")) == "One two three four"
    assert predict.backend.requests[1]["continue"] == "One two"
    events = run(
        scripted(["One two thr", RESET], [" three", STOP], backend=Resuming), "events", "Hi"
    )
    assert Restarted(2) not in events
    assert "".join(e.delta for e in events if isinstance(e, Text)) == "One two three"


def test_a_continuation_that_reads_differently_is_a_restart(run: Run) -> None:
    """What was shown must be repeated, or the reply begins again: two texts never mix."""
    scripts = ["One two thr", RESET], [" drei vier", STOP], ["Eins zwei drei", STOP]
    assert run(scripted(*scripts, backend=Resuming), "predict", "Hi")[-1] == "Eins zwei drei"
    assert Restarted(3) in run(scripted(*scripts, backend=Resuming), "events", "Hi")


@pytest.mark.parametrize("again", [["One two", " three"], ["One two three"], [*"One two three"]])
def test_a_server_that_says_it_all_again_doubles_nothing(run: Run, again: list[str]) -> None:
    """The beginning that it repeats is taken once."""
    predict = scripted(["One two thr", RESET], [*again, STOP], backend=Resuming)
    assert "".join(run(predict, "deltas", "Hi")) == "One two three"
    assert len(predict.backend.requests) == 2


def test_a_server_that_refuses_to_continue_is_asked_anew(run: Run) -> None:
    """A 400 to the continuation is no reason to give up the reply."""
    for status, code in ((400, None), (404, None), (422, None), (None, "lasting")):
        refused = ProviderStreamError("no such thing", code=code, status=status)
        scripts = ["One two thr", RESET], [refused], ["One two three", STOP]
        predict = scripted(*scripts, backend=Resuming)
        assert run(predict, "predict", "Hi")[-1] == "One two three"
        assert [r.get("continue") for r in predict.backend.requests] == [None, "One two", None]


@pytest.mark.parametrize(
    "refused",
    [
        ProviderStreamError("no such key", status=401),
        ProviderStreamError("spent", code="insufficient_quota", status=429),
        LimitExceededError("too much"),
    ],
)
def test_a_refusal_that_is_not_about_continuing_is_final(run: Run, refused: Exception) -> None:
    """What the same request would meet again is not asked once more."""
    predict = scripted(["One two thr", RESET], [refused], "never", backend=Resuming)
    with pytest.raises(type(refused)) as caught:
        run(predict, "predict", "Hi")
    assert caught.value is refused
    assert len(predict.backend.requests) == 2


def test_the_error_is_what_broke_the_reply(run: Run) -> None:
    """Not that it could not go on either, which nobody had asked for."""
    broken = ProviderStreamError("the machine is down")
    retry = Retry(attempts=2, wait=0.001)
    predict = scripted(["One two thr", broken], ["Other", STOP], backend=Resuming, retry=retry)
    with pytest.raises(ProviderStreamError, match="the machine is down") as caught:
        run(predict, "predict", "Hi")
    assert caught.value is broken
    assert broken.partial == "One two thr"


def test_a_reply_without_a_whole_word_restarts(run: Run) -> None:
    """Half a word is not continued."""
    predict = scripted(["One", RESET], ["One two", STOP], backend=Resuming)
    assert run(predict, "predict", "Hi")[-1] == "One two"
    assert "continue" not in predict.backend.requests[1]


def test_a_reply_resumes_once_and_then_restarts(run: Run) -> None:
    """A continuation that breaks too is not continued again."""
    predict = scripted(
        ["One two thr", RESET],
        [" three ", RESET],
        ["One two three four", STOP],
        backend=Resuming,
    )
    assert run(predict, "predict", "Hi")[-1] == "One two three four"
    assert [r.get("continue") for r in predict.backend.requests] == [None, "One two", None]


def test_resuming_can_be_asked_for(run: Run) -> None:
    """A backend that can but does not by default does with `midstream="resume"`."""
    scripts = ["One two thr", RESET], ["One two three", STOP]
    predict = scripted(*scripts, backend=Ready)
    assert run(predict, "predict", "Hi")[-1] == "One two three"
    assert "continue" not in predict.backend.requests[1]
    scripts = ["One two thr", RESET], [" three", STOP]
    predict = scripted(*scripts, backend=Ready, retry=Retry(midstream="resume", wait=0.001))
    assert run(predict, "predict", "Hi")[-1] == "One two three"
    assert predict.backend.requests[1]["continue"] == "One two"


def test_stop_sequences_hold_over_a_seam(run: Run) -> None:
    """A stop sequence that spans the break cuts all the same."""
    predict = scripted(["One two EN", RESET], [" END three", STOP], backend=Resuming, stop="END")
    assert "".join(run(predict, "deltas", "Hi")) == "One two "
