"""A server that cannot be reached is named, with what to look at."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chatadapters import Retry, Timeout, langchain_predict, openai_predict
from chatadapters._unreachable import explain_unreachable
from chatadapters.testing.faults import TEXT, FaultServer
from tests.both import Run


@pytest.fixture
def nobody() -> Iterator[str]:
    """A URL on loopback where nobody listens, nor can."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"


def of_openai(url: str) -> Any:
    return openai_predict("m", base_url=url, api_key="k", retry=Retry(attempts=1))


def of_langchain(url: str, **options: Any) -> Any:
    model = ChatOpenAI(model="m", base_url=url, api_key=SecretStr("k"), max_retries=0)
    return langchain_predict(model, **options)


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


@pytest.mark.parametrize("make", [of_openai, of_langchain])
def test_what_broke_is_told_where_an_sdk_says_connection_error(
    run: Run, fault_server: FaultServer, make: Any
) -> None:
    """A server that goes away before it answers."""
    predict = make(fault_server.url("close_before_headers_always"))
    with pytest.raises(openai.APIConnectionError, match=r"Connection error: Server disconnected"):
        run(predict, "predict", "Hi")


def test_what_is_no_http_is_shown(run: Run, fault_server: FaultServer) -> None:
    """The first words of whoever listens there say what it is."""
    predict = of_openai(fault_server.url("garbage_http"))
    with pytest.raises(openai.APIConnectionError, match="not HTTP; it begins with b'220 mail"):
        run(predict, "predict", "Hi")


def test_an_address_that_is_none_is_told_at_once(run: Run) -> None:
    """LangChain's client finds out only when it sends, and no second attempt would help."""
    asked = of_langchain("127.0.0.1:9/v1", retry=Retry(wait=0.001))
    events = []
    with pytest.raises(openai.APIConnectionError, match=r"cannot reach the server: .*'http://'"):
        run(asked.using(on_finish=events.append), "predict", "Hi")
    assert [reply.attempts for reply in events] == [1]


@pytest.mark.parametrize(
    "error", [ValueError("bug"), ConnectionRefusedError(111, "refused"), ConnectionResetError()]
)
def test_other_errors_stay_as_they_are(error: Any) -> None:
    """Nothing is added where no request is known or nothing was refused."""
    before = error.args
    explain_unreachable(error)
    assert error.args == before


_NO_FILE_LEFT = """
import asyncio, os, resource, sys
from contextlib import contextmanager
from chatadapters import Retry, text_generation_predict
predict = text_generation_predict(sys.argv[1], retry=Retry(attempts=1))
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

@contextmanager
def left(files):
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for _ in range(files):
            os.close(taken.pop())
    yield
    for each in taken:
        os.close(each)

def text():
    try:
        return predict.complete("Hi").text
    except Exception as error:
        return f"{error}"

async def atext():
    try:
        return (await predict.aio.complete("Hi")).text
    except Exception as error:
        return f"{error}"

async def atexts():
    await atext()  # what is imported late opens files too
    await predict.aio.close()
    with left(0):
        print(ascii(await atext()))
    print(ascii(await atext()))

with left(1):
    print(ascii(text()))
print(ascii(text()))
asyncio.run(atexts())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files")
def test_a_process_that_may_open_no_more_files_is_told_so(fault_server: FaultServer) -> None:
    """The next reply is whole when it may again."""
    command = [sys.executable, "-c", _NO_FILE_LEFT, fault_server.url("ok", "tgi")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    refused, said, arefused, asaid = done.stdout.splitlines()
    assert "Too many open files; each reply has a connection" in refused
    assert "Too many open files; each reply has a connection" in arefused
    assert said == asaid == ascii(TEXT)
