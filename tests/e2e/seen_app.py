"""Two chats that answer with what they were given: the payload, and Gradio's own history."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from chatadapters import Finish, make_predict
from chatadapters.demo import build_demo, run_demo
from chatadapters.testing import ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETTINGS = {"system": "Be brief.", "temperature": 0.5, "max_tokens": 100}


class ShowingBackend(ScriptedBackend):
    """Answers with its payload as JSON; fails when asked to."""

    def _next(self, payload: Any) -> Sequence[Any]:
        if "fail" in payload["messages"][-1]["content"]:
            return ["It went well", PermissionError("the <b>door</b> is locked")]
        return [fenced(json.dumps(payload)), Finish("stop")]


def fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def raw(message: str, history: list[Any]) -> Iterator[str]:
    """Answer with the history as Gradio hands it over."""
    yield fenced(json.dumps(history))


if __name__ == "__main__":
    kind, port = sys.argv[1:]
    if kind == "payload":
        predict = make_predict(ShowingBackend(""), additional_inputs=tuple(SETTINGS))
        demo = build_demo(predict, about="Send something", settings=SETTINGS)
    else:
        import gradio as gr

        demo = gr.ChatInterface(raw)
    run_demo(demo, port=int(port))
