"""How the openai backend asks: keys, requests and ready-made clients, by the real SDK."""

from __future__ import annotations

import threading
from dataclasses import replace

import openai
import pytest

from chatadapters import Timeout
from chatadapters._errors import OptionError
from chatadapters.backends import _openai_clients
from chatadapters.backends.openai import OpenAIBackend
from tests.backends.openai_fetch import HI, KEY, REPLY, Fetch, fetch_async, fetch_sync
from tests.backends.served import HOLD, Served, answer

pytestmark = pytest.mark.usefixtures("no_environment")


def given_key() -> str:
    return KEY


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


@pytest.mark.parametrize("url", ["127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1?key=pa55word"])
def test_a_server_of_the_environment_is_checked_like_one_that_is_given(
    url: str, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would only say "Connection error."."""
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(OptionError, match="OPENAI_BASE_URL='.*: give|has a query") as caught:
        fetch(OpenAIBackend("m"))
    assert "pa55word" not in str(caught.value)


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


async def test_an_error_of_a_ready_made_client_says_what_came() -> None:
    """As one of a client of ours does, sync and async."""
    lost, says = answer(b"", status="404 Not Found"), "404; is base_url right"
    with Served([lost, lost]) as server:
        with openai.OpenAI(api_key=KEY, base_url=server.url) as client:
            backend = OpenAIBackend("m", client=client)
            with pytest.raises(openai.NotFoundError, match=says):
                list(backend.stream(backend.build(HI, {}), Timeout()))
        async with openai.AsyncOpenAI(api_key=KEY, base_url=server.url) as async_client:
            backend = OpenAIBackend("m", async_client=async_client)
            with pytest.raises(openai.NotFoundError, match=says):
                await anext(backend.astream(backend.build(HI, {}), Timeout()))


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
