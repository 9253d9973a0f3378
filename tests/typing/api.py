"""What users write, as a type checker sees it: checked, never run."""

from __future__ import annotations

from typing import Any, assert_type

from chatadapters import (
    AsyncPredict,
    Backend,
    Finish,
    Message,
    Predict,
    Reader,
    Reply,
    Retry,
    Text,
    Timeout,
    Window,
    echo_predict,
    local_predict,
    make_predict,
    normalize,
    openai_predict,
)

predict = openai_predict(
    "gpt-4o-mini",
    system=lambda: "Be brief.",
    retry=Retry(attempts=2, midstream="restart"),
    timeout=Timeout(first=60),
    window=Window(turns=10),
    stop="\n",
    temperature=0.2,
    additional_inputs=("temperature",),
)

assert_type(predict, Predict)
assert_type(predict.aio, AsyncPredict)
assert_type(predict.using(temperature=0), Predict)
assert_type(predict.aio.using(temperature=0), AsyncPredict)
assert_type(echo_predict(delay=0.1), Predict)
assert_type(local_predict(temperature=0), Predict)
assert_type(predict.complete("Hi"), Reply)
assert_type(predict.complete("Hi").finish_reason, str | None)
assert_type(predict.backend, Backend)
assert_type(normalize("Hi", [["One", "Two"]]), list[Message])


def shown(message: str, history: list[dict[str, Any]]) -> str:
    text = ""
    for text in predict(message, history, 0.5):
        assert_type(text, str)
    for delta in predict.deltas(message, history):
        assert_type(delta, str)
    return text


def happened() -> int:
    for event in predict.events("Hi", []):
        match event:
            case Text(delta):
                assert_type(delta, str)
            case Finish(reason, usage):
                assert_type(reason, str)
                return (usage and usage.output_tokens) or 0
            case _:
                pass
    return 0


async def shown_async(message: str) -> Reply:
    async for text in predict.aio(message):
        assert_type(text, str)
    async for delta in predict.aio.deltas(message):
        assert_type(delta, str)
    await predict.aio.close()
    return await predict.aio.complete(message, [])


class Own(Backend):
    name = "own"

    def reader(self) -> Reader:
        return Reader()


assert_type(make_predict(Own(), pace=0, show_reasoning=True), Predict)
