from __future__ import annotations

import inspect
from typing import Any

from chatadapters import Finish, Reasoning, normalize
from chatadapters.ui import for_gradio
from tests.ui.asked import Refusal, answering, listed


async def test_reasoning_is_a_thought_of_its_own() -> None:
    """Reasoning is pending until the answer begins."""
    _, predict = answering([Reasoning("Hm"), "Yes", Finish("stop")], show_reasoning=True)
    pending = {"title": "Thinking", "status": "pending"}
    assert await listed(for_gradio(predict)("hi", [])) == [
        [{"role": "assistant", "content": "Hm", "metadata": pending}],
        [{"role": "assistant", "content": "Hm", "metadata": {**pending, "status": "done"}}, "Yes"],
    ]


async def test_an_error_is_told_below_the_answer() -> None:
    """The answer stays, and what is told about it is not sent with later messages."""
    _, predict = answering(["It went", PermissionError("the <b>door</b>")])
    *_, (text, box) = await listed(for_gradio(predict)("hi", []))
    assert text == "It went"
    assert box["metadata"] == {"title": "failed: PermissionError: the &lt;b&gt;door&lt;/b&gt;"}
    assert normalize("2", [box]) == [("user", "2")]


async def test_an_error_alone() -> None:
    """An error before any text stands alone; thoughts are done."""
    _, predict = answering([PermissionError("no")])
    assert len((await listed(for_gradio(predict)("hi")))[-1]) == 1
    _, predict = answering([Reasoning("Hm"), PermissionError("no")], show_reasoning=True)
    thought, _ = (await listed(for_gradio(predict)("hi")))[-1]
    assert thought["metadata"]["status"] == "done"


async def test_text_alone_is_a_string() -> None:
    """An answer without boxes is what a predict gives, for programs that ask the app too."""
    _, predict = answering("Hello you")
    assert await listed(for_gradio(predict)("hi")) == ["Hello", "Hello you"]


async def test_an_empty_answer_is_called_so() -> None:
    """Below the thoughts if there are any, in a box that is not sent with later messages."""
    box = {"role": "assistant", "content": "", "metadata": {"title": "the answer is empty"}}
    _, predict = answering([Finish("stop")])
    assert await listed(for_gradio(predict)("hi")) == ["", [box]]
    _, predict = answering([Reasoning("Hm"), Finish("stop")], show_reasoning=True)
    thought, below = (await listed(for_gradio(predict)("hi")))[-1]
    assert (thought["metadata"]["status"], below) == ("done", box)


async def test_a_refused_message_is_left_out() -> None:
    """It and its files are not sent with the next message, unlike one whose answer failed."""
    backend, predict = answering("One", [Refusal("too long")], [PermissionError("no")], "Two")
    chat = for_gradio(predict)
    history: list[dict[str, Any]] = []
    for message in ("first", "too long", "locked", "last"):
        last = (await listed(chat(message, [*history])))[-1]
        turns = [{"role": "assistant", "content": last}] if isinstance(last, str) else last
        history += [{"role": "user", "content": message}, *turns]
    title = history[3]["metadata"]["title"]
    assert title == "refused: Refusal: too long (this message will not be sent again)"
    told = [(turn["role"], turn["content"]) for turn in backend.requests[-1]["messages"]]
    assert told == [("user", "first"), ("assistant", "One"), ("user", "locked\n\nlast")]


async def test_additional_inputs_stay() -> None:
    """The signature is the predict's, and values come after the history."""
    backend, predict = answering(additional_inputs=("temperature",))
    chat = for_gradio(predict)
    assert [*inspect.signature(chat).parameters] == ["message", "history", "temperature"]
    await listed(chat("hi", [], 0.5))
    assert backend.requests[-1]["temperature"] == 0.5
