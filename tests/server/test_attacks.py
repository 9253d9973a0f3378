"""What a hostile or broken client may send, over the socket and in each field."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatadapters import echo_predict
from chatadapters.server import _guard
from tests.server.serving import ASK, CHAT, scripted, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "model", "messages", "prompt", "stream", "stream_options", "n", "stop", "temperature",
    "top_p", "max_tokens", "tools", "tool_choice", "response_format", "logprobs", "echo", "user",
    "seed", "logit_bias", "functions", "metadata", "modalities",
)  # fmt: skip
MESSAGE = st.dictionaries(
    st.sampled_from(["role", "content", "tool_calls", "tool_call_id", "name", "files", "parts"]),
    st.sampled_from(["user", "assistant", "tool", "system", "x"]) | JSON,
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving({"m": echo_predict()}) as address:
        yield address


def post(url: str, content: Any, path: str = CHAT) -> httpx2.Response:
    # Without certificates to read, each client is made in no time.
    return httpx2.post(f"{url}{path}", content=content, timeout=30, verify=False)


def raw(url: str, data: bytes) -> bytes:
    """Send bytes over a socket of their own and read until the server closes or is silent."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(data)
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
                connection.settimeout(1)
        except (TimeoutError, ConnectionResetError):
            pass
        return got


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(change=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), chat=st.booleans())
def test_any_value_in_any_field_is_answered(url: str, change: dict[str, Any], chat: bool) -> None:
    """Whatever stands in a field, the answer is a reply or a 4xx in OpenAI's form."""
    body = {**ASK, "prompt": "Hi", **change}
    answer = post(url, json.dumps(body), CHAT if chat else "/v1/completions")
    assert answer.status_code in (200, 400, 404), answer.text
    assert answer.status_code == 200 or answer.json()["error"]["message"]


@settings(max_examples=100, deadline=None, suppress_health_check=[*HealthCheck])
@given(messages=st.lists(MESSAGE, max_size=3))
def test_any_message_is_answered(url: str, messages: list[Any]) -> None:
    """Whatever a message holds, the answer is a reply or a 4xx in OpenAI's form."""
    answer = post(url, json.dumps({**ASK, "messages": [*messages, *ASK["messages"]]}))
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('"temperature": NaN', "NaN"),
        ('"temperature": 1e999', "1e999"),
        ('"temperature": -Infinity', "Infinity"),
        ('"metadata": ' + "[" * 100 + "]" * 100, "nested"),
        ('"metadata": ' + "[" * 5000 + "]" * 5000, "nested"),
        ('"seed": ' + "9" * 5000, "JSON"),
        ('"tools": [{"type": "function"}]', "tools"),
        ('"response_format": {"type": "json_object"}', "response_format"),
        ('"logprobs": true', "logprobs"),
        ('"stream": "yes"', "stream"),
        ('"stream_options": {"include_usage": 1}', "stream_options"),
        ('"n": true', "n:"),
        ('"stop": [""]', "stop"),
        ('"modalities": ["text", "audio"]', "modalities"),
    ],
)
def test_what_cannot_be_is_named(url: str, change: str, words: str) -> None:
    """A value that no request can have is refused by name, and nothing is left out unsaid."""
    body = json.dumps(ASK).removesuffix("}")
    answer = post(url, f"{body}, {change}}}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("change", [{"echo": True}, {"suffix": "x"}, {"best_of": 2}])
def test_what_raw_completions_cannot_do_is_named(url: str, change: dict[str, Any]) -> None:
    """Options that would make it another reply are refused on the raw route too."""
    answer = post(url, json.dumps({"model": "m", "prompt": "Hi", **change}), "/v1/completions")
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_half_a_surrogate_pair_is_replaced(url: str, stream: bool) -> None:
    """JavaScript leaves it where it cuts an emoji; it becomes a replacement character."""
    messages = [{"role": "user", "content": "cut \ud83d here, whole \U0001f600"}]
    answer = post(url, json.dumps({**ASK, "messages": messages, "stream": stream}))
    assert answer.status_code == 200
    assert "cut \ufffd here" in answer.text
    assert "\U0001f600" in answer.text


def test_a_body_that_is_announced_too_large_is_not_read() -> None:
    """The refusal comes before the body does."""
    with serving({"m": scripted("x")}, max_body=1000) as url:
        got = raw(
            url, b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{" % CHAT.encode()
        )
    assert got.startswith(b"HTTP/1.1 413 ")
    assert b"request_too_large" in got


def test_a_body_in_chunks_is_counted() -> None:
    """Without a length it is read up to the limit, and no further."""
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    with serving({"m": scripted("x")}, max_body=4096) as url:
        head = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % CHAT.encode()
        got = raw(url, head + chunk * 8)
    assert got.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_never_comes_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends its body drop by drop is refused after a while, and another let in."""
    monkeypatch.setattr(_guard, "BODY_SECONDS", 0.5)
    with serving({"m": scripted("x")}, max_concurrency=1) as url:
        got = raw(url, b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{" % CHAT.encode())
        assert got.startswith(b"HTTP/1.1 408 ")
        assert post(url, json.dumps(ASK)).status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: xchunked",
        b"Content-Length: -5",
        b"Content-Length: 5\r\n folded: x\r\nTransfer-Encoding : chunked",
        b"X: a\0b\r\nContent-Length: 5",
        b"X: " + b"a" * 100_000,
    ],
    ids=["two lengths", "no chunks", "negative", "space", "nul", "long"],
)
def test_a_head_that_two_servers_would_read_differently_is_refused(url: str, head: bytes) -> None:
    """No request is smuggled behind another: the connection is refused and closed."""
    hidden = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    got = raw(
        url, b"POST %b HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n{}   %b" % (CHAT.encode(), head, hidden)
    )
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ", b"HTTP/1.1 431 "))
    assert b'{"status":"ok"}' not in got


def test_a_length_beside_chunks_does_not_smuggle(url: str) -> None:
    """Chunks count, as the standard says, and what follows them is a request of its own."""
    body = json.dumps(ASK).encode()
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    got = raw(url, head % CHAT.encode() + chunks)
    assert got.count(b"HTTP/1.1 ") == 1


def test_pages_of_other_origins_are_refused_without_keys() -> None:
    """A page cannot use a server on its visitor's machine; one that has a key may ask."""
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    body = json.dumps(ASK)
    with serving({"m": scripted("x")}) as url:
        assert httpx2.post(url + CHAT, content=body, headers=headers).status_code == 403
        assert httpx2.get(f"{url}/v1/models", headers=headers).status_code == 403
    with serving({"m": scripted("x")}, api_keys=["k"]) as url:
        headers["Authorization"] = "Bearer k"
        assert httpx2.post(url + CHAT, content=body, headers=headers).status_code == 200


def test_paths_and_methods_that_are_not_there(url: str) -> None:
    """They too are told in OpenAI's form."""
    for answer, status in (
        (httpx2.get(f"{url}/v1/embeddings"), 404),
        (httpx2.get(f"{url}{CHAT}"), 405),
        (httpx2.get(f"{url}/v1/models/%00%ff"), 404),
    ):
        assert answer.status_code == status
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_refused_key_is_told_how_to_ask() -> None:
    """The answer names the scheme, and keys beyond ASCII work as bytes."""
    with serving({"m": scripted("x")}, api_keys=["schlüssel"]) as url:
        refused = httpx2.get(f"{url}/v1/models")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        bearer = {"Authorization": "Bearer schlüssel".encode()}
        assert httpx2.get(f"{url}/v1/models", headers=bearer).status_code == 200  # type: ignore[arg-type]
