"""The predict function: what chat UIs look for, its views, how it ends."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import subprocess
import sys
import threading
import time
from typing import Any

import cloudpickle
import pytest

from chatadapters import (
    Backend,
    EmptyReplyError,
    Finish,
    HistoryError,
    Limits,
    Message,
    Reader,
    Reply,
    Restarted,
    Text,
    Trimmed,
    Usage,
    Window,
    echo_predict,
    make_predict,
)
from chatadapters._events import Done, Progress, Reasoning
from chatadapters.backends._echo_reader import EchoReader
from chatadapters.testing import Pause, ScriptedBackend
from tests.both import Run, complete

STREAM_VIEWS = ["predict", "deltas", "events"]


def scripted(*scripts: Any, **options: Any) -> Any:
    return make_predict(ScriptedBackend(*scripts), **{"pace": 0, **options})


def test_it_is_a_real_generator_function() -> None:
    """Gradio decides by this how to call it; each view is one too."""
    predict = echo_predict()
    assert inspect.isgeneratorfunction(predict)
    assert inspect.isasyncgenfunction(predict.aio)
    for view in ("deltas", "events"):
        assert inspect.isgeneratorfunction(getattr(predict, view))
        assert inspect.isasyncgenfunction(getattr(predict.aio, view))
    assert not inspect.isgeneratorfunction(predict.complete)
    assert inspect.iscoroutinefunction(predict.aio.complete)


def test_sync_and_async_have_the_same_views_and_signatures() -> None:
    """The twin has every attribute of the sync predict but `aio`, with equal parameters."""
    predict = echo_predict(additional_inputs=["system", "delay"])
    assert {*vars(predict)} - {"aio"} == {*vars(predict.aio)}
    for view in [None, "deltas", "events", "complete", "build", "using"]:
        sync, twin = (
            (predict, predict.aio)
            if view is None
            else (getattr(predict, view), getattr(predict.aio, view))
        )
        assert inspect.signature(sync).parameters == inspect.signature(twin).parameters
        assert sync.__name__ == twin.__name__
        assert sync.__doc__ == twin.__doc__


def test_its_name_and_docstring_serve_an_api_page() -> None:
    """Gradio makes an endpoint and a tool description of them."""
    predict = echo_predict(additional_inputs=["delay"])
    named: Any = predict
    assert named.__name__ == "predict"
    assert "Args:\n    message: " in predict.__doc__
    assert "    delay: " in predict.__doc__
    assert "Returns:\n    The reply so far" in predict.__doc__


def test_the_views_of_one_reply(run: Run) -> None:
    """Growing strings, deltas, events and the whole reply are one text."""
    predict = scripted("Hello there you")
    assert run(predict, "predict", "Hi", []) == ["Hello", "Hello there", "Hello there you"] or (
        run(predict, "predict", "Hi", [])[-1] == "Hello there you"
    )
    assert "".join(run(predict, "deltas", "Hi", [])) == "Hello there you"
    events = run(predict, "events", "Hi", [])
    assert "".join(event.delta for event in events[:-1]) == "Hello there you"
    assert events[-1] == Finish("stop", backend="scripted")
    assert complete(run, predict, "Hi") == Reply(
        "Hello there you", finish_reason="stop", backend="scripted"
    )


def test_build_is_the_payload_that_is_sent(run: Run) -> None:
    """What `build` gives is what the backend gets, and nothing is sent by building."""
    predict = scripted("yes", system="Be brief.", stop="END", temperature=0.5)
    payload = predict.build("Hi", [("a", "b")])
    assert payload == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 0.5,
        "stop": ("END",),
    }
    assert predict.backend.requests == []
    run(predict, "predict", "Hi", [("a", "b")])
    assert predict.backend.requests == [payload]
    assert predict.aio.build("Hi", [("a", "b")]) == payload


def test_the_window_trims_what_is_sent_and_says_so(run: Run) -> None:
    """The oldest turns stay away, and an event reports it first."""
    predict = scripted("yes", window=Window(turns=1), system="S")
    events = run(predict, "events", "now", [("a", "b"), ("c", "d")])
    assert events[0] == Trimmed(messages=4)
    assert [m["content"] for m in predict.backend.requests[0]["messages"]] == ["S", "now"]


def test_stop_sequences_cut_the_reply(run: Run) -> None:
    """The reply ends before the sequence although the provider went on."""
    predict = scripted(["one tw", "o thr", "ee", Finish("length")], stop="two")
    assert run(predict, "predict", "Hi")[-1] == "one "
    assert run(predict, "events", "Hi")[-1] == Finish("stop", backend="scripted")


def test_reasoning_tags_become_reasoning(run: Run) -> None:
    """A leading think block is split off, hidden in strings or shown when wanted."""
    predict = scripted(["<thi", "nk>hm</th", "ink>an", "swer", Finish("stop")])
    assert run(predict, "predict", "Hi")[-1] == "answer"
    assert complete(run, predict, "Hi").reasoning == "hm"
    shown = predict.using(show_reasoning=True)
    assert run(shown, "predict", "Hi")[-1] == "<think>hm</think>\n\nanswer"


def test_usage_after_the_finish_is_waited_for(run: Run) -> None:
    """Usage that comes behind the finish reason is part of the last event."""
    script = ["yes", Finish("stop"), Usage(3, 1), Done()]
    assert run(scripted(script), "events", "Hi")[-1] == Finish("stop", Usage(3, 1), "scripted")


@pytest.mark.parametrize("last", [Pause(30), Done()], ids=["silent", "done"])
def test_the_reply_ends_right_after_the_finish(run: Run, last: Any) -> None:
    """A server that keeps the connection open does not keep the reply open."""
    started = time.monotonic()
    script = ["yes", Finish("stop"), last, Pause(30)]
    assert run(scripted(script), "predict", "Hi") == ["yes"]
    assert time.monotonic() - started < 25


@pytest.mark.parametrize("reason", ["tool_calls", "content_filter", "length"])
def test_no_text_for_another_reason_raises_in_string_views(run: Run, reason: str) -> None:
    """Nothing may look finished that is not; events and the whole reply tell it."""
    predict = scripted([Progress(3), Finish(reason, tool_calls=({"id": "1"},))])
    for view in ("predict", "deltas"):
        with pytest.raises(EmptyReplyError, match=repr(reason)):
            run(predict, view, "Hi")
    assert run(predict, "events", "Hi")[-1].reason == reason
    assert complete(run, predict, "Hi").tool_calls == ({"id": "1"},)


def test_an_empty_reply_that_stopped_is_one_empty_value(run: Run) -> None:
    """A model may have nothing to say."""
    predict = scripted([Finish("stop")])
    assert run(predict, "predict", "Hi") == [""]
    assert run(predict, "deltas", "Hi") == []


def test_notice_marks_a_cut_reply(run: Run) -> None:
    """A UI can say that the length limit cut the answer."""
    predict = scripted(["long", Finish("length")], notice=lambda finish: f" ({finish.reason})")
    assert run(predict, "predict", "Hi")[-1] == "long (length)"


def test_on_finish_hears_of_every_end(run: Run) -> None:
    """Complete, failed and stopped replies are reported, each once."""
    heard: list[Reply] = []
    run(scripted("fine", on_finish=heard.append), "predict", "Hi")
    with pytest.raises(ValueError, match="broken"):
        run(scripted(["a", ValueError("broken")], on_finish=heard.append), "predict", "Hi")
    assert [(r.text, r.finish_reason, type(r.error)) for r in heard] == [
        ("fine", "stop", type(None)),
        ("a", None, ValueError),
    ]


def test_on_finish_hears_of_a_stopped_reply() -> None:
    """What was shown when the user pressed stop is in the report."""
    heard: list[Reply] = []
    values = scripted(["one ", Pause(30)], on_finish=heard.append)("Hi")
    assert next(values) == "one "
    values.close()
    assert [(r.text, r.finish_reason, r.usage, r.error) for r in heard] == [
        ("one ", None, None, None)
    ]


def test_the_generator_may_wander_between_threads() -> None:
    """Gradio calls next from changing threads, and closes from yet another one."""
    values: Any = scripted(["a", "b", "c", Pause(0.01), "d", Pause(30)])("Hi")
    seen: list[str] = []
    while not seen or seen[-1] != "abcd":
        thread = threading.Thread(target=lambda: seen.append(next(values)))
        thread.start()
        thread.join()
    closer = threading.Thread(target=values.close)
    closer.start()
    closer.join(5)
    assert not closer.is_alive()


def test_closing_ends_the_stream_at_once() -> None:
    """The provider's stream is closed when `close` returns, although it was silent."""
    predict = scripted(["one", Pause(30)])
    values = predict("Hi")
    next(values)
    started = time.monotonic()
    values.close()
    assert time.monotonic() - started < 25
    assert len(predict.backend.closed) == 1


async def test_closing_ends_the_async_stream_at_once() -> None:
    """The same for the twin."""
    predict = scripted(["one", Pause(30)])
    values = predict.aio("Hi")
    await anext(values)
    await values.aclose()
    assert len(predict.backend.closed) == 1


def test_pacing_gives_few_values_and_loses_nothing(run: Run) -> None:
    """Fast text comes in few values: the first at once, the last complete."""
    script = [*(f"{number} " for number in range(2000)), Finish("stop")]
    values = run(scripted(script, pace=25), "predict", "Hi")
    assert len(values) < 500
    assert values[-1] == "".join(f"{number} " for number in range(2000))


def test_paced_text_is_not_held_while_the_provider_is_silent(run: Run) -> None:
    """What came just before a silence is shown within a frame, not after it."""
    predict = scripted(["a", Pause(0.005), "b", Pause(1.5), "c", Finish("stop")], pace=25)
    assert run(predict, "predict", "Hi")[-2:] == ["ab", "abc"]


def test_a_predict_travels_to_other_processes() -> None:
    """Cloudpickle carries the predict, pickle its backend."""
    predict = echo_predict(system="S", additional_inputs=["delay"])
    twin = cloudpickle.loads(cloudpickle.dumps(predict))
    assert twin.complete("hello", [], 0).text == "hello"
    assert inspect.signature(twin) == inspect.signature(predict)
    assert pickle.loads(pickle.dumps(predict.backend)) == predict.backend


@pytest.mark.parametrize("given", ["text", ["text"], None, Text("text"), [1], [Text(None)]])  # type: ignore[arg-type]
def test_a_reader_that_gives_no_events_is_told_so(run: Run, given: Any) -> None:
    """What its author forgot would be missing in the reply."""

    class Careless(ScriptedBackend):
        def reader(self) -> Reader:
            reader = Reader()
            reader.feed = lambda chunk: given  # type: ignore[method-assign]
            return reader

    with pytest.raises(TypeError, match="a reader gives a list of events, such as"):
        run(make_predict(Careless("Hello")), "predict", "Hi")


def test_a_backend_that_forgets_its_reader_is_told_so(run: Run) -> None:
    """Its method is named."""

    class Careless(ScriptedBackend):
        def reader(self) -> Any:
            ScriptedBackend.reader(self)

    with pytest.raises(TypeError, match=r"Careless.reader\(\) gives a new Reader, not None"):
        run(make_predict(Careless("Hello")), "predict", "Hi")


async def _of_chunks() -> list[str]:
    return ["Hello"]


@pytest.mark.parametrize("give", [lambda: None, lambda: 5, _of_chunks])
def test_a_backend_that_gives_no_stream_is_told_so(run: Run, give: Any) -> None:
    """Its method is named, with what it should be and what it gave; nothing is asked again."""

    class Careless(ScriptedBackend):
        def stream(self, payload: Any, timeout: Any) -> Any:
            self.requests.append(payload)
            return give()

        astream = stream

    backend = Careless("Hello")
    with pytest.raises(TypeError, match=r"^Careless\.a?stream\(payload, timeout\) is an? .*gave "):
        run(make_predict(backend), "predict", "Hi")
    assert len(backend.requests) == 1


@pytest.mark.parametrize("give", [lambda: ["Hello"], lambda: iter(["Hello"])])
def test_the_twin_of_a_stream_is_async(give: Any) -> None:
    """A list will do for `stream`, but it is nothing that can be waited for."""

    class Careless(ScriptedBackend):
        def stream(self, payload: Any, timeout: Any) -> Any:
            return give()

        astream = stream

    predict = make_predict(Careless("Hello"), ends_with="close")
    assert predict.complete("Hi").text == "Hello"
    with pytest.raises(TypeError, match=r"^Careless\.astream.* async iterator of chunks; it gave "):
        asyncio.run(predict.aio.complete("Hi"))


def test_a_history_that_cannot_be_read_shows_itself(run: Run) -> None:
    """Every view raises the same error."""
    for view in STREAM_VIEWS:
        with pytest.raises(HistoryError, match="<object object"):
            run(scripted("yes"), view, "Hi", [object()])


def test_messages_equal_tuples() -> None:
    """A message is a value."""
    assert Message("user", "Hi") == ("user", "Hi")
    assert Text("a") != Reasoning("a")
    assert Restarted(2) == Restarted(2)


def test_an_event_loop_may_end_while_a_reply_is_held() -> None:
    """What is left open is closed with the loop, without a word on stderr."""
    code = (
        "import asyncio\n"
        "from chatadapters import make_predict\n"
        "from chatadapters.testing import Pause, ScriptedBackend\n"
        "held = []\n"
        "async def main():\n"
        "    for _ in range(4):\n"
        "        values = make_predict(ScriptedBackend(['a', Pause(60)])).aio('Hi')\n"
        "        held.append(values)\n"
        "        print(await anext(values))\n"
        "asyncio.run(main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ran.stdout.split(), ran.stderr) == (["a"] * 4, "")


def test_what_on_finish_raises_does_not_hide_why_the_reply_failed(run: Run) -> None:
    """Both errors are told."""

    def broken(reply: Reply) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        run(scripted(["a", ValueError("theirs")], on_finish=broken), "predict", "Hi")
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_reply_that_is_closed_after_its_finish_was_finished() -> None:
    """A consumer that leaves while usage is waited for has had the whole reply."""
    heard: list[Reply] = []
    values = scripted(["a", Finish("length"), Pause(30)], on_finish=heard.append)("Hi")
    assert next(values) == "a"
    values.close()
    assert heard[0].text == "a"
    assert heard[0].finish_reason in ("length", None)  # the finish may not have come yet


def test_an_event_may_only_be_so_long(run: Run) -> None:
    """`Limits.event` reaches the reader before anything is fed."""
    bounds: list[int] = []

    class Bounded(ScriptedBackend):
        def reader(self) -> Any:
            reader = super().reader()
            reader.bound = bounds.append  # type: ignore[method-assign]
            return reader

    run(make_predict(Bounded("yes"), limits=Limits(event=77)), "predict", "Hi")
    assert bounds == [77]


class Plain(Backend):
    """A class with a constructor of its own."""

    def __init__(self, model: str) -> None:
        self.model = model

    def build(self, conversation: Any, options: Any) -> str:
        return self.model

    def reader(self) -> EchoReader:
        return EchoReader()

    def stream(self, payload: str, timeout: Any) -> Any:
        yield payload
