from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from chatadapters import ChatAdaptersError, Finish, make_predict
from chatadapters.demo import build_demo, open_port
from chatadapters.testing import ScriptedBackend
from tests.ui.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("system", "temperature", "max_tokens", "model")

# Gradio leaves event loops of its own unclosed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collect() -> Iterator[None]:
    yield
    gc.collect()  # so that what Gradio leaves behind is found here and not in another test


def chat(*scripts: Any, **settings: Any) -> gr.ChatInterface:
    predict = make_predict(ScriptedBackend(*scripts), additional_inputs=tuple(settings))
    return build_demo(predict, settings=settings)


async def answers(demo: gr.ChatInterface, *values: Any) -> list[Any]:
    return [answer async for answer in demo.fn("Hi", [], *values)]


def box(title: str) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "metadata": {"title": title}}


def test_every_setting_has_a_field_that_suits_it() -> None:
    """Known settings get a slider, or a field that can be empty when nothing is set."""
    values = {"system": "Hi", "temperature": 0.5, "max_tokens": 9000, "model": "m"}
    full = chat("", **values).additional_inputs
    empty = chat("", **dict.fromkeys(NAMES)).additional_inputs
    assert [type(field) for field in full] == [gr.Textbox, gr.Slider, gr.Slider, gr.Textbox]
    assert [type(field) for field in empty] == [gr.Textbox, gr.Number, gr.Number, gr.Textbox]
    assert [field.value for field in full] == [*values.values()]
    assert [field.value for field in empty] == [None] * 4
    assert isinstance(full[2], gr.Slider)
    assert full[2].maximum >= 9000


async def test_an_empty_field_sets_nothing() -> None:
    """A field that is empty leaves its option as it is; the others are sent."""
    backend = ScriptedBackend("Hello")
    predict = make_predict(backend, additional_inputs=NAMES)
    await answers(build_demo(predict), "", None, 5, "")
    assert backend.requests == [{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}]


async def test_an_early_end_is_told_beside_the_answer() -> None:
    """An answer that was cut has a box that says so, which is no part of its text."""
    cut = await answers(chat(["Half", Finish("length")]))
    assert cut[-1] == ["Half", box("cut at the length limit")]
    odd = await answers(chat(["Half", Finish("<img>")]))
    assert odd[-1] == ["Half", box("ended early: &lt;img&gt;")]
    assert (await answers(chat("Whole")))[-1] == "Whole"


async def test_a_failure_is_told_beside_the_answer() -> None:
    """A failure is told in a box, with what had come of the answer, and its HTML is harmless."""
    broken = await answers(chat([PermissionError("<img> is locked")]))
    assert broken == [[box("failed: PermissionError: &lt;img&gt; is locked")]]
    partly = await answers(chat(["Half", PermissionError("locked")]))
    assert partly[-1] == ["Half", box("failed: PermissionError: locked")]


async def test_a_refused_message_is_not_sent_again() -> None:
    """One that the model cannot take is told, and does not end the chat."""
    backend = ScriptedBackend([Refusal("too long")], "Yes")
    demo = build_demo(make_predict(backend))
    ((told,),) = [answer async for answer in demo.fn("word " * 9000, [])]
    assert told == box("refused: Refusal: too long (this message will not be sent again)")
    history = [{"role": "user", "content": "word " * 9000}, told]
    assert [answer async for answer in demo.fn("Hi", history)][-1] == "Yes"
    assert backend.requests[-1] == {"messages": [{"role": "user", "content": "Hi"}]}


def test_any_free_port_is_found_before_gradio_is_told() -> None:
    """Gradio takes 0 for a port; None is left to it."""
    port = open_port("127.0.0.1", 0)
    assert port
    assert open_port("127.0.0.1", port) == port
    assert open_port("127.0.0.1", None) is None


def test_an_address_of_another_machine_is_told_once() -> None:
    """Gradio would try each of a hundred ports and tell each."""
    with pytest.raises(ChatAdaptersError, match="cannot listen on 203.0.113.9"):
        open_port("203.0.113.9", None)
