"""A server that cannot be reached is named, with what to look at."""

from __future__ import annotations

import socket
from typing import Any

import openai
import pytest

from chatadapters import Retry, Timeout, openai_predict
from chatadapters._unreachable import explain_unreachable
from chatadapters.testing.faults import FaultServer
from tests.both import Run


@pytest.fixture
def nobody() -> str:
    """A URL on loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


@pytest.mark.parametrize("view", ["predict", "events"])
def test_the_server_is_named(run: Run, nobody: str, view: str) -> None:
    """The SDK's own error type says whom it could not reach and what to do, without the key."""
    predict = openai_predict(
        "m", base_url=nobody, api_key="sk-canary", retry=Retry(attempts=2, wait=0.001)
    )
    with pytest.raises(openai.APIConnectionError) as caught:
        run(predict, view, "Hi")
    text = str(caught.value)
    assert text.startswith(f"cannot reach {nobody.removesuffix('/v1')}: ")
    assert "is the server running" in text
    assert caught.value.message == text
    assert "sk-canary" not in repr(vars(caught.value)) + text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_is_silent_timed_out(run: Run, scheme: str) -> None:
    """Both colours say so, of a connection that is not made and of TLS that does not begin."""
    with FaultServer() as server, socket.create_server(("127.0.0.1", 0)) as mute:
        silent = f"https://127.0.0.1:{mute.getsockname()[1]}"
        url = server.url("connect_hangs") if scheme == "http" else silent
        predict = openai_predict(
            "m",
            base_url=url,
            api_key="k",
            timeout=Timeout(connect=0.05),
            retry=Retry(attempts=1),
        )
        with pytest.raises(openai.APITimeoutError, match="cannot reach .*timed out; is the server"):
            run(predict, "predict", "Hi")


@pytest.mark.parametrize(
    "error", [ValueError("bug"), ConnectionRefusedError(111, "refused"), ConnectionResetError()]
)
def test_other_errors_stay_as_they_are(error: Any) -> None:
    """Nothing is added where no request is known or nothing was refused."""
    before = error.args
    explain_unreachable(error)
    assert error.args == before
