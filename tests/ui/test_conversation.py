from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from chatadapters import (
    Finish,
    OptionError,
    Reasoning,
    Retry,
    echo_predict,
    text_generation_predict,
)
from chatadapters.testing import Pause
from chatadapters.ui import Conversation
from tests.ui.asked import Refusal, answering, asked

FILE = {"name": "note.txt", "content": b"The password is xyzzy."}
Ask = Callable[..., list[str]]


def _sync(conversation: Conversation, *args: Any, until: str | None = None) -> list[str]:
    return list(_until(conversation.ask(*args), until))


def _until(texts: Iterator[str], last: str | None) -> Iterator[str]:
    for text in texts:
        yield text
        if text == last:
            return


def _async(conversation: Conversation, *args: Any, until: str | None = None) -> list[str]:
    return asyncio.run(_listed(conversation.aask(*args), until))


async def _listed(texts: AsyncGenerator[str, None], last: str | None) -> list[str]:
    seen = []
    async with aclosing(texts):
        async for text in texts:
            seen.append(text)
            if text == last:
                break
    return seen


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask in one of the colours."""
    found: Ask = request.param
    return found


def test_it_remembers(ask: Ask) -> None:
    """Each message is sent with what was said, and the history says it too."""
    backend, predict = answering("Hello Ada", "Ada")
    conversation = Conversation(predict)
    assert ask(conversation, "I am Ada.") == ["Hello", "Hello Ada"]
    assert ask(conversation, "Who am I?") == ["Ada"]
    told = [("user", "I am Ada."), ("assistant", "Hello Ada"), ("user", "Who am I?")]
    assert asked(backend) == told
    assert [tuple(turn.values()) for turn in conversation.history] == [*told, ("assistant", "Ada")]


def test_files_stay_in_the_history(ask: Ask) -> None:
    """A file is sent with its message and with every later one; the caller's list stays theirs."""
    backend, predict = answering("One", "Two")
    conversation = Conversation(predict)
    files = [FILE]
    ask(conversation, "Read.", files)
    files.clear()
    ask(conversation, "And now?")
    assert "xyzzy" in str(asked(backend)[0])
    assert conversation.history[0]["content"] == {"text": "Read.", "files": [FILE]}


def test_settings_are_asked_for_each_message(ask: Ask) -> None:
    """The values of the inputs are those at the time of the message, by name."""
    backend, predict = answering("One", "Two", additional_inputs=("temperature", "system"))
    settings = {"temperature": 0.1}
    conversation = Conversation(predict, inputs=lambda: settings)
    ask(conversation, "Hi")
    settings["temperature"] = 0.9
    ask(conversation, "Hi")
    assert [request["temperature"] for request in backend.requests] == [0.1, 0.9]


def test_what_came_of_a_stopped_answer_is_kept(ask: Ask) -> None:
    """A stream that is closed leaves its text in the history."""
    words = ["Hello", Pause(0.3), " my", Pause(30), " dear", Finish("stop")]
    backend, predict = answering(words, "Yes")
    conversation = Conversation(predict)
    assert ask(conversation, "Hi", until="Hello my") == ["Hello", "Hello my"]
    ask(conversation, "Go on.")
    assert asked(backend)[1] == ("assistant", "Hello my")


def test_an_error_is_told_and_not_sent(ask: Ask) -> None:
    """It stands below what came of the answer, and only that is sent with the next message."""
    backend, predict = answering(["It went", OptionError("no [more] memory")], "Yes")
    conversation = Conversation(predict)
    assert ask(conversation, "Hi")[-1] == "It went\n\n⚠️ no [more] memory"
    ask(conversation, "Go on.")
    assert asked(backend) == [("user", "Hi"), ("assistant", "It went"), ("user", "Go on.")]


def test_an_error_before_any_text(ask: Ask) -> None:
    """There is nothing above it, and no empty answer is sent later."""
    backend, predict = answering([OptionError("locked")], "Yes")
    conversation = Conversation(predict)
    assert ask(conversation, "Hi") == ["⚠️ locked"]
    ask(conversation, "Go on.")
    assert asked(backend) == [("user", "Hi\n\nGo on.")]


def test_reasoning_is_shown_and_not_sent(ask: Ask) -> None:
    """With `show_reasoning` it is a block in the text; the model is not told of it again."""
    thought = [Reasoning("why"), "42", Finish("stop")]
    backend, predict = answering(thought, "Yes", show_reasoning=True)
    conversation = Conversation(predict)
    assert "why" in ask(conversation, "Hi")[-1]
    ask(conversation, "Go on.")
    assert asked(backend)[1] == ("assistant", "42")


def test_a_refused_message_is_not_sent_again(ask: Ask) -> None:
    """It stays to be shown, and the next message is answered as if it had not been sent."""
    backend, predict = answering("One", [Refusal("too long")], "Two")
    conversation = Conversation(predict)
    ask(conversation, "Hi")
    told = "Refusal: too long (this message will not be sent again)"
    assert ask(conversation, "long", [FILE]) == [f"⚠️ {told}"]
    ask(conversation, "Go on.")
    assert asked(backend) == [("user", "Hi"), ("assistant", "One"), ("user", "Go on.")]
    *_, refused, reply, _, last = conversation.history
    assert refused["content"] == {"text": "long", "files": [FILE]}
    assert (refused["refused"], reply["error"], reply["content"]) == (True, told, "")
    assert last == {"role": "assistant", "content": "Two"}


def test_a_file_that_the_model_cannot_take(ask: Ask) -> None:
    """The error says what it is and what to do, and is told once."""
    predict = text_generation_predict("http://127.0.0.1:9", retry=Retry(attempts=1))
    conversation = Conversation(predict)
    for content, kind in ((b"\x89PNG\r\n\x1a\n", "image 'a.png'"), (b"\0\1\xff", "file 'a.bin'")):
        (told,) = ask(conversation, "What is it?", [{"name": kind[-6:-1], "content": content}])
        assert f"the {kind} cannot be sent" in told
        assert "remove the file or start a new chat" in told
    assert "cannot be sent" not in ask(conversation, "Hi")[-1]


def test_a_late_refusal_keeps_the_message(ask: Ask) -> None:
    """What has been answered in part was not refused."""
    backend, predict = answering(["It went", Refusal("filtered")], "Yes")
    conversation = Conversation(predict)
    assert ask(conversation, "Hi")[-1] == "It went\n\n⚠️ Refusal: filtered"
    ask(conversation, "Go on.")
    assert asked(backend) == [("user", "Hi"), ("assistant", "It went"), ("user", "Go on.")]


def test_an_empty_answer_is_called_so(ask: Ask) -> None:
    """Nobody is left before an empty bubble, and the model is not told."""
    backend, predict = answering([Finish("stop")], "Yes")
    conversation = Conversation(predict)
    assert ask(conversation, "Hi")[-1] == "⚠️ the answer is empty"
    assert ask(conversation, "Go on.") == ["Yes"]
    assert asked(backend) == [("user", "Hi\n\nGo on.")]


@pytest.mark.parametrize("wrong", ["echo", None, echo_predict().deltas, lambda message: message])
def test_what_is_no_predict_is_named_at_once(wrong: Any) -> None:
    """Not with the first message."""
    with pytest.raises(OptionError, match="Conversation takes a predict as a factory makes it"):
        Conversation(wrong)
