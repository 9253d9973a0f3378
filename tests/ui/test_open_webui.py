from __future__ import annotations

import runpy
from collections.abc import AsyncGenerator
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any

from chatadapters import Finish, Predict, Reasoning
from chatadapters.testing import Pause
from chatadapters.ui import for_open_webui
from tests.ui.asked import IMAGE, answering, asked, listed

BODY = {
    "model": "p.m",
    "stream": True,
    "temperature": 0.5,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": IMAGE.url}},
            ],
        },
    ],
}


async def piped(predict: Predict, body: dict[str, Any] = BODY, **options: Any) -> Any:
    """Call a pipe as Open WebUI does."""
    pipe: Any = for_open_webui(predict, **options)().pipe
    assert list(signature(pipe).parameters) == ["body"]
    return await pipe(body=body)


def deltas(chunks: list[Any]) -> list[dict[str, str]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks]


async def test_a_stream() -> None:
    """A stream is an async generator of chunks, of the whole conversation."""
    backend, predict = answering(["data: x", " you", Finish("stop")])
    stream = await piped(predict)
    assert isinstance(stream, AsyncGenerator)
    assert deltas(await listed(stream)) == [{"content": "data: x"}, {"content": " you"}]
    *before, (role, current) = asked(backend)
    assert before == [("system", "s"), ("user", "hi"), ("assistant", "Hello")]
    assert (role, [type(part).__name__ for part in current]) == ("user", ["TextPart", "ImagePart"])
    assert "temperature" not in backend.requests[-1]


async def test_titles_are_asked_for_without_a_stream() -> None:
    """Without `stream` the answer is a string."""
    _, predict = answering()
    assert await piped(predict, {**BODY, "stream": False}) == "Hello you"


async def test_parameters() -> None:
    """Parameters that are additional inputs are passed on; a callable's are stronger."""
    backend, predict = answering(additional_inputs=("temperature", "system"))
    await listed(await piped(predict))
    assert backend.requests[-1]["temperature"] == 0.5
    await listed(await piped(predict, inputs=lambda: {"temperature": 0.1}))
    assert backend.requests[-1]["temperature"] == 0.1


async def test_reasoning() -> None:
    """Reasoning comes under the name Open WebUI reads."""
    _, predict = answering([Reasoning("Hm"), "Yes", Finish("stop")], show_reasoning=True)
    assert deltas(await listed(await piped(predict))) == [
        {"reasoning_content": "Hm"},
        {"content": "Yes"},
    ]


async def test_an_empty_answer_gives_no_chunk() -> None:
    """A chunk without text would end the answer."""
    _, predict = answering([Finish("stop")])
    assert await listed(await piped(predict)) == []


async def test_an_error_is_told() -> None:
    """An error is the last chunk, after what came of the answer."""
    _, predict = answering(["Well", PermissionError("no")])
    *_, last = await listed(await piped(predict))
    assert last == {"error": {"detail": "PermissionError: no"}}


async def test_stop_ends_the_providers_work() -> None:
    """Closing the generator closes the stream."""
    backend, predict = answering(["Well", Pause(60)])
    stream = await piped(predict)
    await anext(stream)
    await stream.aclose()
    assert len(backend.closed) == 1


def test_the_example_has_a_pipe() -> None:
    """Open WebUI makes an object of the module's `Pipe` and takes its `pipe`."""
    example = Path(__file__).parents[2] / "examples" / "ui" / "open_webui_function.py"
    pipe: Any = runpy.run_path(str(example))["Pipe"]()
    assert iscoroutinefunction(pipe.pipe)
