"""What the hooks of the SDK's HTTP clients keep from it: endless errors, redirects elsewhere."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import openai
import pytest

from chatadapters.backends.openai import OpenAIBackend
from chatadapters.testing.faults import FaultServer
from tests.backends.openai_fetch import REPLY, Fetch
from tests.backends.served import Served, answer

pytestmark = pytest.mark.usefixtures("no_environment")


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
