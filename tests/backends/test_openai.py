"""The OpenAI backend: configuration, requests, and the real SDK over a faked network."""

from __future__ import annotations

import asyncio
import copy
import gzip
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest

from chatadapters import Message, Timeout
from chatadapters._errors import OptionError, ProviderStreamError
from chatadapters.backends import _openai_clients
from chatadapters.backends.openai import OpenAIBackend
from chatadapters.testing import BackendContract
from chatadapters.testing.faults import FaultServer
from tests.backends.served import HOLD, Served, answer, event

KEY = "sk-test-0123456789"
HI = [Message("user", "Hi")]
REPLY = [
    event({"choices": [{"delta": {"content": "Your name "}}]}),
    event({"choices": [{"delta": {"content": "is Ada."}, "finish_reason": "stop"}]}),
    event("[DONE]"),
]

Fetch = Callable[..., bytes]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Served]:
    with Served([answer(*REPLY)]) as running:
        yield running


def fetch_sync(backend: OpenAIBackend, **options: Any) -> bytes:
    try:
        return b"".join(backend.stream(backend.build(HI, options), Timeout()))
    finally:
        backend.close()


def fetch_async(backend: OpenAIBackend, **options: Any) -> bytes:
    async def blocks() -> list[bytes]:
        payload = backend.build(HI, options)
        try:
            return [block async for block in backend.astream(payload, Timeout())]
        finally:
            await backend.aclose()

    return b"".join(asyncio.run(blocks()))


@pytest.fixture(params=[fetch_sync, fetch_async], ids=["sync", "async"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Give `fetch(backend, **options) -> bytes`, once for each colour."""
    found: Fetch = request.param
    return found


class TestContract(BackendContract):
    """What holds for every backend."""

    @pytest.fixture(autouse=True)
    def _server(self, server: Served) -> None:
        self.url = server.url

    def backend(self) -> OpenAIBackend:
        return OpenAIBackend("m", base_url=self.url, api_key=KEY)


# Payloads


def test_the_payload_is_what_create_takes() -> None:
    """Model, messages, stream, and the options as they are."""
    backend = OpenAIBackend("m", base_url="http://127.0.0.1:1")
    options = {"temperature": 0, "tools": [{"type": "function"}], "extra_body": {"top_k": 5}}
    assert backend.build(HI, options) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        **options,
    }


def test_the_responses_payload_has_no_stop() -> None:
    """That API has no stop sequences; they are enforced on arrival."""
    backend = OpenAIBackend("m", api="responses")
    assert backend.build(HI, {"stop": ("a",), "reasoning": {"effort": "low"}}) == {
        "model": "m",
        "input": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "reasoning": {"effort": "low"},
    }


def test_four_stop_sequences_are_sent() -> None:
    """More would be refused, and all are enforced on arrival."""
    assert OpenAIBackend("m").build(HI, {"stop": tuple("abcde")})["stop"] == list("abcd")


def test_usage_is_asked_for_at_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other servers may refuse the option."""

    def asked(backend: OpenAIBackend, **options: Any) -> Any:
        return backend.build(HI, options).get("stream_options")

    assert asked(OpenAIBackend("m")) == {"include_usage": True}
    assert asked(OpenAIBackend("m"), stream_options={"a": 1}) == {"a": 1}
    assert asked(OpenAIBackend("m", base_url="http://127.0.0.1:1")) is None
    assert asked(OpenAIBackend("m", client=openai.OpenAI(api_key=KEY))) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    assert asked(OpenAIBackend("m")) is None


def test_the_options_are_not_changed() -> None:
    """The caller's dict and history are only read."""
    options = {"stop": ("a", "b")}
    conversation = list(HI)
    OpenAIBackend("m").build(conversation, options)
    assert options == {"stop": ("a", "b")}
    assert conversation == HI


@pytest.mark.parametrize(
    ("api", "option", "near"),
    [("chat", "temprature", "temperature"), ("responses", "max_output_token", "max_output_tokens")],
)
def test_an_unknown_option_is_named(api: Any, option: str, near: str) -> None:
    """With the nearest one, and where others go."""
    with pytest.raises(OptionError, match=f"'{option}'.*'{near}'.*extra_body"):
        OpenAIBackend("m", api=api).build(HI, {option: 1})


def test_what_the_sdk_knows_is_an_option() -> None:
    """Also when it is not among the common ones."""
    assert OpenAIBackend("m").build(HI, {"prompt_cache_key": "a"})["prompt_cache_key"] == "a"
    with pytest.raises(OptionError):
        OpenAIBackend("m").build(HI, {"truncation": "auto"})


@pytest.mark.parametrize("option", ["stream", "n", "messages", "input", "timeout"])
def test_what_is_ours_is_no_option(option: str) -> None:
    """A reply is one stream of this conversation."""
    with pytest.raises(OptionError, match=option):
        OpenAIBackend("m").build(HI, {option: 1})


@pytest.mark.parametrize("fields", [{"api": "chats"}, {"base_url": "localhost:8000/v1"}])
def test_a_wrong_configuration_is_named(fields: dict[str, Any]) -> None:
    """The error shows the value."""
    with pytest.raises(OptionError, match=next(iter(fields.values()))):
        OpenAIBackend("m", **fields)


# The backend as a value


def test_it_is_compared_by_its_configuration() -> None:
    """Clients are no part of it."""
    backend = OpenAIBackend("m", api_key=KEY)
    assert backend == OpenAIBackend("m", api_key=KEY, client=openai.OpenAI(api_key=KEY))
    assert hash(backend) == hash(OpenAIBackend("m", api_key=KEY))
    assert backend != OpenAIBackend("m", api_key="sk-other")
    assert backend != replace(backend, api="responses")


def test_its_repr_hides_secrets() -> None:
    """Neither the key nor a password in the URL shows."""
    backend = OpenAIBackend("m", base_url="http://me:pass@host:8/v1", api_key=KEY)
    assert repr(backend) == "OpenAIBackend('m', base_url='http://host:8/v1', api='chat')"


@pytest.mark.parametrize("url", ["me:s3cret@h/v1", "ftp://me:s3cret@h/v1", "me:s3cret@http://h/v1"])
def test_a_wrong_url_hides_its_password(url: str) -> None:
    """The error shows the rest."""
    with pytest.raises(OptionError, match="h/v1") as caught:
        OpenAIBackend("m", base_url=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("login", ["me:s3cret", "s3cret"])
def test_a_password_in_the_url_is_not_pickled(login: str) -> None:
    """Neither in full nor in part; the error says what else to do."""
    backend = OpenAIBackend("m", base_url=f"http://{login}@h/v1")
    with pytest.raises(TypeError, match="OPENAI_BASE_URL") as caught:
        pickle.dumps(backend)
    assert "s3cret" not in str(caught.value)


def test_a_key_stays_behind_when_pickled(
    server: Served, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from the environment on arrival."""
    backend = OpenAIBackend("m", base_url=server.url, api_key=KEY)
    fetch(backend)
    data = pickle.dumps(backend)
    assert KEY.encode() not in data
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-there")
    fetch(pickle.loads(data))
    assert server.requests[-1].headers["authorization"] == "Bearer sk-of-there"


def given_key() -> str:
    return KEY


def test_a_callable_key_travels() -> None:
    """It is the way to give a key to other processes."""
    backend = OpenAIBackend("m", api_key=given_key)
    assert pickle.loads(pickle.dumps(backend)) == backend


@pytest.mark.parametrize("name", ["client", "async_client"])
def test_a_client_cannot_be_pickled(name: str) -> None:
    """The error names the argument."""
    kinds = {"client": openai.OpenAI, "async_client": openai.AsyncOpenAI}
    lent: dict[str, Any] = {name: kinds[name](api_key=KEY)}
    with pytest.raises(TypeError, match=f"{name}="):
        pickle.dumps(OpenAIBackend("m", **lent))


def test_a_copy_is_the_same() -> None:
    """Copying, unlike pickling, keeps the key and the clients."""
    backend = OpenAIBackend("m", api_key=KEY, client=openai.OpenAI(api_key=KEY))
    assert copy.copy(backend) is backend
    assert copy.deepcopy([backend])[0] is backend


# Keys


def test_no_key_is_an_error(fetch: Fetch) -> None:
    """It says how to give one."""
    with pytest.raises(OptionError, match="OPENAI_API_KEY.*api_key="):
        fetch(OpenAIBackend("m"))


def test_a_server_of_ones_own_needs_no_key(server: Served, fetch: Fetch) -> None:
    """Local servers have none, so none is asked for."""
    fetch(OpenAIBackend("m", base_url=server.url))
    assert server.requests[0].headers["authorization"] == "Bearer not-needed"


def test_the_environment_names_key_and_server(
    server: Served, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the SDK itself."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    backend = OpenAIBackend("m")
    fetch(backend)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert backend.secrets() == [KEY, KEY]


def test_a_callable_gives_a_key_for_each_request(server: Served, fetch: Fetch) -> None:
    """Short-lived keys are fetched anew, and none that was used may show."""
    keys = iter(["sk-first", "sk-second"])
    backend = OpenAIBackend("m", base_url=server.url, api_key=lambda: next(keys))
    fetch(backend)
    fetch(backend)
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer sk-first", "Bearer sk-second"]
    assert backend.secrets() == ["sk-first", "sk-second"]


def test_a_key_that_no_header_can_carry_is_not_shown(fetch: Fetch) -> None:
    """The HTTP library would show it in its error."""
    with pytest.raises(OptionError, match="api_key") as caught:
        fetch(OpenAIBackend("m", api_key="sk-\nbroken"))
    assert "broken" not in str(caught.value)


def test_secrets_are_known() -> None:
    """Also those of a client that was passed in, and a password in the URL."""
    client = openai.AsyncOpenAI(api_key="sk-lent")
    url = "https://me:pass@host/v1"
    backend = OpenAIBackend("m", base_url=url, api_key=KEY, async_client=client)
    assert set(backend.secrets()) == {KEY, "pass", "sk-lent"}


# Requests


def test_the_bytes_come_as_they_are(server: Served, fetch: Fetch) -> None:
    """Nothing is decided on the way, and the request is the SDK's own."""
    backend = OpenAIBackend("m", base_url=server.url, api_key=KEY)
    sent = fetch(backend, temperature=0.5, extra_body={"top_k": 5}, extra_headers={"X-A": "b"})
    assert sent == b"".join(REPLY)
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-a"] == "b"
    assert request.headers["user-agent"].lower().endswith(f"openai/python {openai.__version__}")
    assert request.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "temperature": 0.5,
        "top_k": 5,
    }


def test_responses_go_to_their_route(server: Served, fetch: Fetch) -> None:
    """`api` decides where a request goes."""
    fetch(OpenAIBackend("m", base_url=server.url, api="responses"), instructions="Be brief.")
    [request] = server.requests
    assert request.path == "/v1/responses"
    assert request.body["instructions"] == "Be brief."


def test_a_connection_is_kept(server: Served) -> None:
    """The next message, also to another model with another key, needs no new one."""
    backend = OpenAIBackend("m", base_url=server.url)
    for each in (backend, replace(backend, model="other", api_key=KEY)):
        assert list(each.stream(each.build(HI, {}), Timeout()))
    backend.close()
    assert [request.connection for request in server.requests] == [1, 1]


async def test_a_connection_is_kept_async(server: Served) -> None:
    """The same for async, within one event loop."""
    backend = OpenAIBackend("m", base_url=server.url)
    for each in (backend, replace(backend, model="other", api_key=KEY)):
        assert [block async for block in each.astream(each.build(HI, {}), Timeout())]
    await backend.aclose()
    assert [request.connection for request in server.requests] == [1, 1]


def test_many_threads_share_a_backend(server: Served) -> None:
    """Each request has its own line; none disturbs another."""
    backend = OpenAIBackend("m", base_url=server.url)
    payload = backend.build(HI, {})
    replies: list[bytes] = []

    def fetch() -> None:
        replies.append(b"".join(backend.stream(payload, Timeout())))

    threads = [threading.Thread(target=fetch) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    backend.close()
    assert replies == [b"".join(REPLY)] * 20


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", openai.BadRequestError),
        ("401 Unauthorized", openai.AuthenticationError),
        ("429 Too Many Requests", openai.RateLimitError),
        ("503 Service Unavailable", openai.InternalServerError),
    ],
)
def test_errors_are_the_sdks_own(status: str, kind: type[Exception], fetch: Fetch) -> None:
    """Typed, with body and headers, and never retried below us."""
    body = b'{"error": {"message": "no", "code": "c"}}'
    refusal = answer(body, status=status, head="Retry-After: 7\r\n")
    with Served([refusal]) as server, pytest.raises(kind, match="no") as caught:
        fetch(OpenAIBackend("m", base_url=server.url))
    assert isinstance(caught.value, openai.APIStatusError)
    assert caught.value.code == "c"
    assert caught.value.response.headers["retry-after"] == "7"
    assert len(server.requests) == 1


def test_a_broken_answer_is_the_sdks_error(fetch: Fetch) -> None:
    """What breaks in mid-stream is of the same type as what breaks before it."""
    broken = [*answer(REPLY[0])[:-1], b"zz\r\n"]
    with Served([broken]) as server, pytest.raises(openai.APIConnectionError) as caught:
        fetch(OpenAIBackend("m", base_url=server.url))
    assert "ProtocolError" in str(caught.value)


def test_a_silent_answer_is_the_sdks_error(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket's own clock ends a stream that nobody else watches."""
    monkeypatch.setattr(_openai_clients, "_SLACK", -299.8)
    with Served([answer(REPLY[0], HOLD)]) as server, pytest.raises(openai.APITimeoutError):
        fetch(OpenAIBackend("m", base_url=server.url))


def test_no_clock_is_no_clock() -> None:
    """A reply that may begin whenever it likes is not ended by the socket."""
    timeout = _openai_clients.sdk_timeout(Timeout(connect=3, first=None))
    assert (timeout.connect, timeout.read) == (3, None)


@pytest.mark.parametrize("scenario", ["endless_error_body", "gzip_bomb_error"])
def test_an_endless_error_is_cut(scenario: str, fetch: Fetch) -> None:
    """The SDK keeps what it reads of an error."""
    with FaultServer(speed=10) as server, pytest.raises(openai.BadRequestError) as caught:
        fetch(OpenAIBackend("m", base_url=server.url(scenario)))
    assert len(caught.value.response.content) <= 2**15


def _raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


@pytest.mark.parametrize(
    ("coding", "pack", "says"),
    [
        ("gzip", gzip.compress, "no such model"),
        ("deflate", zlib.compress, "no such model"),
        ("deflate", _raw_deflate, "no such model"),
        ("identity", bytes, "no such model"),
        ("br", bytes, "404"),
        ("zstd", bytes, "404"),
    ],
)
def test_a_packed_error_says_what_the_provider_said(
    coding: str, pack: Callable[[bytes], bytes], says: str, fetch: Fetch
) -> None:
    """Unasked, some proxies pack the body of an error; what cannot be unpacked is a status."""
    body = pack(b'{"error": {"message": "no such model"}}')
    refused = answer(body, status="404 Not Found", head=f"Content-Encoding: {coding}\r\n")
    with Served([refused]) as first, pytest.raises(openai.NotFoundError, match=says):
        fetch(OpenAIBackend("m", base_url=first.url))


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        ("404 Not Found", b"404 page not found", "404 - 404 page not found; is base_url right"),
        ("404 Not Found", b'{"detail": "Not Found"}', "Not Found.}; is base_url right"),
        ("405 Method Not Allowed", b"", "405; is base_url right. It mostly ends in /v1"),
        ("502 Bad Gateway", b"<html>\n<p>Down</p>\n</html>", "502 - <html> <p>Down</p> </html>$"),
        ("404 Not Found", b'{"error": {"message": "no such model"}}', "404 - no such model$"),
    ],
)
def test_an_error_that_is_none_of_the_api_says_what_came(
    status: str, body: bytes, says: str, fetch: Fetch
) -> None:
    """The SDK shows only the status of it; a wrong address is the usual cause, by far."""
    with Served([answer(body, status=status)]) as served:
        with pytest.raises(openai.APIStatusError, match=says) as caught:
            fetch(OpenAIBackend("m", base_url=served.url))
        assert caught.value.message == str(caught.value)


def redirect(to: str) -> list[bytes | None]:
    return answer(status="307 Temporary Redirect", head=f"Location: {to}\r\n")


def test_a_redirect_elsewhere_is_refused(server: Served, fetch: Fetch) -> None:
    """Another origin does not get the conversation; the error names it."""
    away = redirect(server.url + "/chat/completions")
    with Served([away]) as first, pytest.raises(openai.APIStatusError) as caught:
        fetch(OpenAIBackend("m", base_url=first.url))
    assert caught.value.status_code == 307
    assert repr(server.url + "/chat/completions") in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("to", ["http://[no", "http://127.0.0.1:port/", "ftp://127.0.0.1/"])
def test_a_redirect_to_nowhere_is_refused(to: str, fetch: Fetch) -> None:
    """What is no URL of this server is another origin."""
    with Served([redirect(to)]) as server, pytest.raises(openai.APIStatusError) as caught:
        fetch(OpenAIBackend("m", base_url=server.url))
    assert caught.value.status_code == 307
    assert len(server.requests) == 1


def test_a_redirect_at_the_same_origin_is_followed(fetch: Fetch) -> None:
    """Such as the one that adds a slash."""
    with Served([redirect("/v2/chat/completions"), answer(*REPLY)]) as server:
        assert fetch(OpenAIBackend("m", base_url=server.url)) == b"".join(REPLY)
    assert [request.path for request in server.requests][1] == "/v2/chat/completions"


@pytest.mark.parametrize(
    ("code", "answer"),
    [("context_length_exceeded", False), ("server_error", None), (None, None)],
)
def test_a_wrong_request_stays_wrong(code: str | None, answer: bool | None) -> None:
    """An error in a stream that another attempt would meet again is known."""
    assert OpenAIBackend("m").retryable(ProviderStreamError("no", code=code)) is answer


# Ready-made clients


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client", 5),
        ("client", openai.AsyncOpenAI(api_key="k")),
        ("async_client", openai.OpenAI(api_key="k")),
        ("async_client", openai.AsyncOpenAI),
    ],
    ids=["number", "async", "sync", "class"],
)
def test_a_client_of_the_other_colour_is_refused(option: str, value: Any) -> None:
    """The error says which class is wanted, before anything is sent."""
    with pytest.raises(OptionError, match=f"{option} is of type .*: give a client, "):
        OpenAIBackend("m", **{option: value})


@pytest.mark.parametrize("model", [None, "", 5])
def test_a_model_is_needed(model: Any) -> None:
    """A null would come back as an error of the server's."""
    with pytest.raises(OptionError, match="model=.*: give its name"):
        OpenAIBackend(model)


def test_a_ready_made_client_is_used(server: Served) -> None:
    """With its own key, server and headers, but without its retries."""
    client = openai.OpenAI(api_key=KEY, base_url=server.url, default_headers={"X-Mine": "1"})
    backend = OpenAIBackend("m", client=client)
    assert b"".join(backend.stream(backend.build(HI, {}), Timeout())) == b"".join(REPLY)
    server.answers = [answer(b"{}", status="500 No")]
    with pytest.raises(openai.InternalServerError):
        list(backend.stream(backend.build(HI, {}), Timeout()))
    backend.close()
    assert not client.is_closed()
    client.close()
    assert [request.headers["x-mine"] for request in server.requests] == ["1", "1"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_ready_made_async_client_is_used(server: Served) -> None:
    """The same for async; a key of our own goes before the client's."""
    async with openai.AsyncOpenAI(api_key="sk-lent", base_url=server.url) as client:
        backend = OpenAIBackend("m", async_client=client, api_key=given_key)
        assert [block async for block in backend.astream(backend.build(HI, {}), Timeout())]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_azure_is_a_ready_made_client(server: Served) -> None:
    """Its URLs and its header are the SDK's affair."""
    client = openai.AzureOpenAI(
        api_key=KEY, azure_endpoint=server.url[:-3], api_version="2024-10-21"
    )
    backend = OpenAIBackend("deployed", client=client)
    assert list(backend.stream(backend.build(HI, {}), Timeout()))
    client.close()
    [request] = server.requests
    assert request.path.startswith("/openai/deployments/deployed/chat/completions?api-version")
    assert request.headers["api-key"] == KEY


def test_a_client_serves_its_own_colour() -> None:
    """The error names the argument that is missing."""
    with pytest.raises(OptionError, match="give async_client="):
        fetch_async(OpenAIBackend("m", client=openai.OpenAI(api_key=KEY)))
    with pytest.raises(OptionError, match="give client="):
        fetch_sync(OpenAIBackend("m", async_client=openai.AsyncOpenAI(api_key=KEY)))
