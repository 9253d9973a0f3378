"""Keys that a callable gives, async or not, in both colours and for every backend that has one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chatadapters import (
    OptionError,
    huggingface_predict,
    openai_predict,
    text_generation_predict,
)
from tests.backends.served import Served, answer, event
from tests.both import Run, _sync, complete

MAKES: dict[str, Callable[[str, Any], Any]] = {
    "openai": lambda url, key: openai_predict("m", base_url=url, api_key=key),
    "huggingface": lambda url, key: huggingface_predict(base_url=url, token=key),
    "text_generation": lambda url, key: text_generation_predict(url, wire="completions", token=key),
}
CHOICE = {"index": 0, "delta": {"content": "Hi"}, "text": "Hi", "finish_reason": "stop"}


async def fetch(key: str = "key-of-now") -> str:
    """Give a key on the event loop's own thread."""
    assert threading.current_thread() is threading.main_thread()
    return key


class Fetcher:
    """An object that is called like an async function."""

    async def __call__(self) -> str:
        return await fetch()


@pytest.fixture(params=MAKES.values(), ids=MAKES)
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("given", [fetch, partial(fetch), Fetcher(), lambda: fetch("key-of-now")])
def test_an_async_callable(run: Run, make: Any, given: Any) -> None:
    """It is awaited on the loop; a sync reply says that it cannot, and leaves nothing unawaited."""
    with Served([answer(event({"choices": [CHOICE]}))]) as server:
        predict = make(server.url, given)
        if run is _sync:
            with pytest.raises(OptionError, match=r"(api_key|token)= is an async callable"):
                complete(run, predict, "Hi")
            assert server.requests == []
            return
        assert complete(run, predict, "Hi").text == "Hi"
        sent = {name.lower(): value for name, value in server.requests[0].headers.items()}
        assert sent["authorization"] == "Bearer key-of-now"
    assert predict.backend.secrets() == ["key-of-now"]


@pytest.mark.parametrize("wrong", [b"secret", 5])
def test_a_callable_that_gives_no_text(run: Run, make: Any, wrong: Any) -> None:
    """Its type is named, its value is not."""
    predict = make("http://127.0.0.1:9/v1", lambda: wrong)
    with pytest.raises(OptionError, match=f"of type {type(wrong).__name__}, no string") as caught:
        complete(run, predict, "Hi")
    assert "secret" not in str(caught.value)
