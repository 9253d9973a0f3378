from __future__ import annotations

import inspect

from chatadapters import Finish, Reasoning, normalize
from chatadapters.ui import for_gradio
from tests.ui.asked import answering, listed


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


async def test_an_empty_answer_is_a_value() -> None:
    """Gradio 5 fails without any value."""
    _, predict = answering([Finish("stop")])
    assert await listed(for_gradio(predict)("hi")) == [[""]]


async def test_additional_inputs_stay() -> None:
    """The signature is the predict's, and values come after the history."""
    backend, predict = answering(additional_inputs=("temperature",))
    chat = for_gradio(predict)
    assert [*inspect.signature(chat).parameters] == ["message", "history", "temperature"]
    await listed(chat("hi", [], 0.5))
    assert backend.requests[-1]["temperature"] == 0.5
