"""A key is nowhere to be seen, whatever a server does with it."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
import openai
import pytest
from rich.traceback import Traceback

import chatadapters
from chatadapters import (
    Limits,
    Reply,
    Retry,
    RetryScheduled,
    Timeout,
    openai_predict,
    text_generation_predict,
)
from chatadapters._redact import chain, named_secrets
from chatadapters.testing.faults import SCENARIOS, FaultServer
from tests.both import Run
from tests.http_backends import BACKENDS, KEY

_OURS = str(Path(chatadapters.__file__).parent)
_HEADER_KEY = "hdr-4f5e6d7c8b9a"
_KEYS = (KEY, _HEADER_KEY)
_AT_ONCE = 8
_QUICK: dict[str, Any] = {
    "limits": Limits(event=2**20, reply=2**20, buffer=2**20),
    "retry": Retry(attempts=2, wait=0),
    "timeout": Timeout(connect=1, first=2, idle=0.5),
    "pace": 25,
}


#: Each backend with its dialect and the option that takes headers.
_MAKERS = {name: (*found, "extra_headers") for name, found in BACKENDS.items() if "openai" in name}
_MAKERS |= {name: (*found, "headers") for name, found in BACKENDS.items() if "openai" not in name}


class Listening(logging.Handler):
    """Looks at all that is logged, formatted and as it was given."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        shown = [f"{record.name}: {record.getMessage()} {record.args!r}"]
        if record.exc_info:
            shown += traceback.format_exception(*record.exc_info)
        self.leaks += _leaks(shown)


@pytest.fixture
def log() -> Iterator[Listening]:
    """Listen to every logger, those of the SDKs and of the HTTP libraries too."""
    names = ["", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "chatadapters", "langchain"]
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    handler = Listening()
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield handler
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(speed=50) as running:
        yield running


#: Places where a key was seen.
Seen = list[str]


def _leaks(shown: Iterable[str]) -> Seen:
    return [text[:1000] for text in shown if any(key in text for key in _KEYS)]


def _sync(made: list[Any]) -> list[Seen]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_events, made))


def _events(predict: Any) -> Seen:
    seen: Seen = []
    try:
        for event in predict.events("Hello", []):
            seen += _leaks(_shown(event))
    except Exception as error:  # which one it is, is tested elsewhere
        seen += _leaks(_of_error(error))
    finally:
        predict.close()
    return seen


def _async(made: list[Any]) -> list[Seen]:
    async def listen() -> list[Seen]:
        places = asyncio.Semaphore(_AT_ONCE)
        return await asyncio.gather(*(_aevents(predict, places) for predict in made))

    return asyncio.run(listen())


async def _aevents(predict: Any, places: asyncio.Semaphore) -> Seen:
    seen: Seen = []
    async with places:
        try:
            async for event in predict.aio.events("Hello", []):
                seen += _leaks(_shown(event))
        except Exception as error:  # which one it is, is tested elsewhere
            seen += _leaks(_of_error(error))
        finally:
            await predict.aio.close()
    return seen


def _shown(event: object) -> Iterator[str]:
    shown = repr(event)
    yield shown[:2000] + shown[-2000:]
    if isinstance(event, RetryScheduled):
        yield from _of_error(event.error)


def _of_error(error: BaseException) -> Iterator[str]:
    """Give every way in which an error and its causes can be looked at."""
    for link in chain(error):
        yield from (str(link), repr(link), repr(link.args), repr(vars(link)))
        yield repr(getattr(link, "__notes__", ""))
        yield from _of_response(getattr(link, "response", None))
        with suppress(RuntimeError):  # one of httpx's that was told none
            yield from _of_request(getattr(link, "request", None))
    yield from traceback.format_exception(error)
    with suppress(Exception):  # not every SDK's error can be pickled
        yield repr(pickle.dumps(error))
    yield from _locals(error)


def _of_response(response: Any) -> Iterator[str]:
    if response is not None:
        yield from (repr(response), repr(vars(response)), repr(response.headers.items()))
        yield from _of_request(getattr(response, "request", None))


def _of_request(request: Any) -> Iterator[str]:
    if request is not None:
        yield from (repr(request), repr(request.url), repr(request.headers.items()))


def _locals(error: BaseException) -> Iterator[str]:
    """Give the variables of our frames as rich shows them."""
    trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    for stack in trace.stacks:
        for frame in stack.frames:
            if frame.filename.startswith(_OURS):
                yield f"{frame.filename}:{frame.lineno} {frame.locals!r}"


@pytest.mark.parametrize("listen", [_sync, _async])
@pytest.mark.parametrize("backend", _MAKERS)
def test_no_key_is_seen_in_any_scenario(
    backend: str,
    listen: Callable[[list[Any]], list[Seen]],
    server: FaultServer,
    log: Listening,
) -> None:
    """Not in events, errors, replies, logs or what a traceback shows of our variables."""
    dialect, make, takes_headers = _MAKERS[backend]
    names = [name for name, each in SCENARIOS.items() if dialect in each.dialects]
    replies: list[Reply] = []
    options = {**_QUICK, takes_headers: {"X-Api-Key": _HEADER_KEY}, "on_finish": replies.append}
    urls = [server.url(name, dialect) for name in names]
    made = [
        make(url, stop=SCENARIOS[name].stop, **options)
        for name, url in zip(names, urls, strict=True)
    ]
    for name, seen in zip(names, listen(made), strict=True):
        assert not seen, name
    assert len(replies) == len(names)
    assert not _leaks(map(repr, replies))
    assert not log.leaks
    sent = [request for url in urls for request in server.requests(url)]
    assert all(KEY in request.headers["authorization"] for request in sent)
    assert not any(server.strays(url) for url in urls)
    gc.collect()


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "mcp", "server_url": "https://x", "authorization": _HEADER_KEY},
        {"type": "mcp", "server_url": "https://x", "headers": {"X-Api-Key": _HEADER_KEY}},
    ],
)
def test_a_key_of_a_tool_is_in_no_pickle_and_no_error(
    run: Run, server: FaultServer, tool: dict[str, Any]
) -> None:
    """What a server of tools is told, too; the tool is given in the process that asks."""
    made = openai_predict("m", base_url=server.url("s401"), api_key=KEY, api="responses")
    predict = made.using(tools=[tool])
    with pytest.raises(TypeError, match=r"a key among .*tools=.*predict.using"):
        cloudpickle.dumps(predict)
    with pytest.raises(openai.AuthenticationError) as caught:
        run(predict, "predict", "Hi")
    assert b"[redacted]" in caught.value.request.content
    assert not _leaks([*_of_error(caught.value), repr(caught.value.request.content)])


def test_a_function_that_takes_a_key_is_pickled() -> None:
    """The names of what a function takes are no keys."""
    schema = {"properties": {"api_key": {"type": "string"}}, "required": ["api_key"]}
    function = {"name": "get_token", "parameters": {"type": "object", **schema}}
    predict = openai_predict("m", tools=[{"type": "function", "function": function}])
    assert cloudpickle.loads(cloudpickle.dumps(predict)).build("Hi") == predict.build("Hi")


@pytest.mark.parametrize("given", ["extra_headers", "extra_query", "extra_body"])
def test_a_key_among_what_is_sent_is_in_no_pickle(given: str) -> None:
    """A pickle of a predict that would have it is refused."""
    predict = openai_predict("m", **{given: {"X-Api-Key": _HEADER_KEY}})
    with pytest.raises(TypeError, match=f"a key among .*{given}=.*environment"):
        cloudpickle.dumps(predict)
    kept = openai_predict("m", **{given: {"X-Trace": "7"}})
    assert cloudpickle.loads(cloudpickle.dumps(kept)).spec.options == {given: {"X-Trace": "7"}}


@pytest.mark.parametrize(
    "body",
    [
        {"user_token": _HEADER_KEY},
        {"authorization": f"Bearer {_HEADER_KEY}"},
        {"data_sources": [{"authentication": {"type": "api_key", "key": _HEADER_KEY}}]},
        {"models": ({"api_keys": ["", _HEADER_KEY]},)},
    ],
)
def test_a_key_in_the_body_is_in_no_pickle_and_no_error(
    run: Run, server: FaultServer, body: dict[str, Any]
) -> None:
    """However deep it lies."""
    url = server.url("s401")
    with pytest.raises(TypeError, match="a key among .*extra_body=.*environment"):
        cloudpickle.dumps(text_generation_predict(url, extra_body=body))
    predict = openai_predict("m", base_url=url, api_key=KEY, extra_body=body)
    with pytest.raises(openai.AuthenticationError) as caught:
        run(predict, "predict", "Hi")
    request = caught.value.request
    assert b"[redacted]" in request.content
    assert not _leaks([*_of_error(caught.value), repr(request.content)])


def test_what_is_no_key_in_the_body_is_pickled() -> None:
    """Names of tokens, of caches and of fields, and what is no text."""
    body = {
        "eos_token": "</s>",
        "stop_token_ids": [128001, 128009],
        "return_token": True,
        "prompt_cache_key": "chat-1234",
        "guided_json": {"properties": {"api_key": {"type": "string"}}, "required": ["api_key"]},
    }
    predict = openai_predict("m", extra_body=body)
    assert cloudpickle.loads(cloudpickle.dumps(predict)).spec.options == {"extra_body": body}


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Cache-Key", "cacheKey", "X-Author"])
def test_headers_that_only_sound_like_keys_are_pickled(name: str) -> None:
    """Those of every request, too, whose keys are found alike."""
    backend = text_generation_predict("http://127.0.0.1:9", headers={name: "12345678"}).backend
    assert cloudpickle.loads(cloudpickle.dumps(backend)).headers == {name: "12345678"}
    assert not backend.secrets()


@pytest.mark.parametrize(
    "name",
    [
        *("X-Author", "X-Trace-Token-Count", "max_tokens", "keyboard"),
        *("Idempotency-Key", "X-Cache-Key", "idempotencyKey", "prompt_cache_key"),
    ],
)
def test_what_only_sounds_like_a_key_is_pickled(name: str) -> None:
    """As is a key that was left empty."""
    for kept in ({name: "1234"}, {"X-Portkey-Config": "pc-team"}, {"X-Api-Key": ""}):
        predict = openai_predict("m", extra_headers=kept, extra_query=kept)
        assert cloudpickle.loads(cloudpickle.dumps(predict)).spec.options["extra_query"] == kept


@pytest.mark.parametrize(
    "name",
    [
        *("apiKey", "apikey", "X-Goog-API-Key", "x-portkey-api-key", "API_KEYS", "key"),
        *("X-Auth", "Helicone-Auth", "Proxy-Authorization", "accessToken", "X-Token-2", "Cookie"),
    ],
)
def test_what_is_named_as_a_key_is_one(name: str) -> None:
    """However it is spelt."""
    assert named_secrets({name: "Bearer sk-1"}) == ("Bearer sk-1", "sk-1")


def test_a_key_in_the_query_is_in_no_error(run: Run, server: FaultServer) -> None:
    """Nor in the request that an SDK's error holds, whose URL has it."""
    url = server.url("s401")
    predict = openai_predict("m", base_url=url, api_key=KEY, extra_query={"api-key": _HEADER_KEY})
    with pytest.raises(openai.AuthenticationError) as caught:
        run(predict, "predict", "Hi")
    request = caught.value.request
    assert not _leaks([*_of_error(caught.value), str(request.url), repr(request)])
    assert "api-key=" in str(request.url)


def test_a_key_that_a_url_encodes_is_in_no_error(run: Run, server: FaultServer) -> None:
    """As it is sent, and as it is."""
    query = {"key": "a+b/c=="}
    predict = openai_predict("m", base_url=server.url("s401"), api_key=KEY, extra_query=query)
    with pytest.raises(openai.AuthenticationError) as caught:
        run(predict, "predict", "Hi")
    assert caught.value.request.url.query == b"key=[redacted]"


def test_a_key_may_be_the_name_of_the_server(run: Run) -> None:
    """As where Ollama is `http://ollama` and wants some key: its address stays one."""
    seen: list[Reply] = []
    patience: dict[str, Any] = {"retry": Retry(wait=0, attempts=2), "on_finish": seen.append}
    predict = openai_predict("m", base_url="http://localhost:1", api_key="localhost", **patience)
    with pytest.raises(openai.APIConnectionError, match="cannot reach http://localhost:1"):
        run(predict, "predict", "Hi")
    assert [reply.attempts for reply in seen] == [2]


@pytest.mark.parametrize("backend", _MAKERS)
def test_no_key_is_in_what_is_configured(backend: str) -> None:
    """Neither a repr nor a pickle of a backend or a predict has it."""
    _, make, _ = _MAKERS[backend]
    predict = make("http://127.0.0.1:1/v1")
    shown = [repr(predict.backend), repr(predict), repr(vars(predict)), repr(predict.spec)]
    shown += map(repr, (pickle.dumps(predict.backend), cloudpickle.dumps(predict)))
    assert not _leaks(shown)
