"""What is promised of a predict, held against the real embedded model behind OpenAI's API."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import Any

import openai
import pytest

from chatadapters import openai_predict
from chatadapters.testing import ModelServer
from chatadapters.testing.faults import FaultServer

HISTORY = [["My name is Ada.", "Hello Ada."]]


def test_the_model_gets_what_build_promises(model_server: ModelServer) -> None:
    """The body that arrives at the server is the payload, nothing added and nothing lost."""
    with FaultServer() as server:
        url = server.url_proxy(model_server.base_url, cut_after=10**9)
        predict = openai_predict(
            "m", base_url=url, api_key="none", system="Be brief.", temperature=0, max_tokens=8
        )
        assert predict.complete("What is my name?", HISTORY).text
        (request,) = server.requests(url)
        assert request.body == predict.build("What is my name?", HISTORY)
        predict.close()


def test_a_reply_of_the_model_may_wander_between_threads(model_server: ModelServer) -> None:
    """Each step comes from another thread, as in Gradio, and so does the end; the model is free."""
    predict = openai_predict(
        "m", base_url=model_server.base_url, api_key="none", temperature=0, max_tokens=400, pace=0
    )
    values: Any = predict("Write a long story about a dragon.")
    seen: list[str] = []
    while len(seen) < 5:
        step = threading.Thread(target=lambda: seen.append(next(values)))
        step.start()
        step.join(60)
    assert all(after.startswith(before) for before, after in pairwise(seen))
    closer = threading.Thread(target=values.close)
    closer.start()
    closer.join(5)
    deadline = time.monotonic() + 5
    while model_server.busy and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not model_server.busy
    predict.close()


def test_a_model_that_does_not_exist_is_the_providers_own_error() -> None:
    """Its 404 passes through at once, without another request and without the key."""
    with FaultServer() as server:
        url = server.url("s404")
        predict = openai_predict("nope", base_url=url, api_key="sk-canary")
        with pytest.raises(openai.NotFoundError) as caught:
            predict.complete("Hi")
        assert len(server.requests(url)) == 1
        assert "sk-canary" not in str(caught.value)
        predict.close()
