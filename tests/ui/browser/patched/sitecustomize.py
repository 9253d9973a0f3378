"""On the path of an example: its embedded model becomes a server that does as it is told."""

from __future__ import annotations

import os
from typing import Any

import chatadapters
from chatadapters import make_predict
from chatadapters.backends.huggingface import HuggingFaceBackend


class ToldBackend(HuggingFaceBackend):
    """Says in the field `model` which of the twins asks."""

    def stream(self, payload: Any, timeout: Any) -> Any:
        return super().stream({**payload, "model": "sync"}, timeout)

    def astream(self, payload: Any, timeout: Any) -> Any:
        return super().astream({**payload, "model": "async"}, timeout)


def _local_predict(**options: Any) -> Any:
    url, token = (os.environ[f"CHATADAPTERS_UI_{name}"] for name in ("BASE_URL", "TOKEN"))
    backend = ToldBackend(base_url=url, token=token)
    return make_predict(backend, **{**options, "show_reasoning": True})


chatadapters.local_predict = _local_predict
