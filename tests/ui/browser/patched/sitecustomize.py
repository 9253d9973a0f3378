"""On the path of an example: its embedded model becomes a backend that does as it is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chatadapters
from chatadapters import Finish, Reasoning, make_predict
from chatadapters.testing import Pause, ScriptedBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOG = Path(os.environ["CHATADAPTERS_UI_LOG"])


class _Noted(list[None]):
    def append(self, item: None) -> None:
        super().append(item)
        _note("closed")


class ObedientBackend(ScriptedBackend):
    """Fails, thinks or is slow when asked to; else tells the conversation it was given."""

    def __init__(self) -> None:
        super().__init__("")
        object.__setattr__(self, "closed", _Noted())

    def _next(self, payload: Any) -> Sequence[Any]:
        _note("asked " + json.dumps(payload, default=str))
        said = _text(payload["messages"][-1])
        if "fail" in said:
            return ["It went well. ", PermissionError("the door is locked")]
        if "slow" in said:
            return [*_slowly(f"word{number} " for number in range(80)), Finish("stop")]
        if "think" in said:
            return [*_slowly([Reasoning("first this "), Reasoning("then that"), "42"]), _STOP]
        told = " / ".join(_text(m) for m in payload["messages"] if m["role"] != "system")
        return [*_slowly(f"{word} " for word in f"I was told: {told}".split(" ")), _STOP]


_STOP = Finish("stop")


def _slowly(steps: Any) -> Iterator[Any]:
    for step in steps:
        yield from (step, Pause(0.1))


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(getattr(part, "text", type(part).__name__) for part in content)


def _note(line: str) -> None:
    with _LOG.open("a") as log:
        log.write(line + "\n")


def _local_predict(**options: Any) -> Any:
    return make_predict(ObedientBackend(), **{**options, "show_reasoning": True})


chatadapters.local_predict = _local_predict  # type: ignore[assignment] # it takes what is used
