"""`NO_PROXY` means to our connections what it means to httpx2's own clients."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx2
import pytest
from httpx2._utils import URLPattern, get_environment_proxies

from chatadapters._proxies import Origin, is_exempt, origin_of, proxy_for

PROXY = "http://proxy.example:3128"
URLS = [
    "http://example.com",
    "https://example.com",
    "http://example.com:8080",
    "https://api.example.com",
    "http://api.example.com:8080",
    "http://badexample.com",
    "http://localhost:8080",
    "http://api.localhost",
    "http://127.0.0.1:8080",
    "http://127.0.0.2",
    "http://10.1.2.3",
    "http://[::1]:8080",
    "http://[2001:db8::7]",
]
ENTRIES = [
    "*",
    "other.example,*",
    "example.com",
    "EXAMPLE.com",
    ".example.com",
    "*.example.com",
    "example.com:8080",
    "http://example.com",
    "https://example.com",
    "http://example.com:8080",
    "all://example.com",
    "http://*.example.com",
    "http://*example.com",
    "ftp://example.com",
    "localhost",
    "LOCALHOST",
    "localhost:8080",
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.0.0.1:9",
    "http://127.0.0.1:8080",
    "127.0.0.0/8",
    "10.0.0.0/8, 127.0.0.0/31",
    "10.1.2.3/8",
    "http://10.0.0.0/8",
    "::1",
    "[::1]",
    "[::1]:8080",
    "http://[::1]:8080",
    "2001:db8::/32",
    "[2001:db8::]/32",
    "example.com/path",
    " example.com , 127.0.0.1 ",
    "not a host,[,::,/8,10.0.0.0/99",
    "https://",
    ".",
    ",",
    "",
]


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_exempts_what_it_does_in_httpx(
    entry: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every form, for every kind of address."""
    _only(monkeypatch, http_proxy=PROXY, https_proxy=PROXY, **{name: entry})
    httpx_proxies = get_environment_proxies()
    patterns = sorted((URLPattern(key), proxy) for key, proxy in httpx_proxies.items())
    for address in URLS:
        url = httpx2.URL(address)
        theirs = next((proxy for pattern, proxy in patterns if pattern.matches(url)), None)
        assert proxy_for(_origin(address)) == theirs, address


def test_a_standard_port_may_be_written() -> None:
    """Where httpx2 has forgotten it, and the proxy would get what it is not to see."""
    assert is_exempt(_origin("https://example.com"), "example.com:443")
    assert is_exempt(_origin("http://example.com"), "http://example.com:80")
    assert not is_exempt(_origin("http://example.com"), "example.com:443")


def test_a_name_in_other_letters() -> None:
    """As it is written, and as it is sent, at which httpx2 stumbles."""
    for entry in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example"):
        assert is_exempt(_origin("http://xn--bcher-kva.example"), entry), entry


def test_which_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one for the scheme, else the one for all; without a scheme of its own it speaks HTTP."""
    _only(monkeypatch, HTTPS_PROXY="one.example:1", all_proxy="socks5://two.example:2")
    assert proxy_for(_origin("https://a.example")) == "http://one.example:1"
    assert proxy_for(_origin("http://a.example")) == "socks5://two.example:2"
    _only(monkeypatch)
    assert proxy_for(_origin("http://a.example")) is None


def test_the_environment_may_change_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when another thread sets a variable while the proxies are looked for."""
    _only(monkeypatch, http_proxy=PROXY)
    origin, over = _origin("http://a.example"), Event()

    def change() -> None:
        while not over.is_set():
            os.environ["CHATADAPTERS_CHANGES"] = "x"
            del os.environ["CHATADAPTERS_CHANGES"]

    with ThreadPoolExecutor() as pool:
        pool.submit(change)
        try:
            assert {proxy_for(origin) for _ in range(20_000)} == {PROXY}
        finally:
            over.set()


@pytest.mark.parametrize("url", ["htps://h/v1", "wss://h/v1", "/v1", "socks5://h/v1"])
def test_what_is_no_address_gets_nothing(url: str) -> None:
    """Such as a mistyped scheme, by which all would go out in the open."""
    with pytest.raises(ValueError, match="not with http:// or https://"):
        _origin(url)
    assert origin_of(httpx2.URL("socks5://h"), proxy=True).port == 1080
    assert _origin("http://h:0/").port == 0


def _origin(url: str) -> Origin:
    return origin_of(httpx2.URL(url))


def _only(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for scheme in ("http", "https", "all", "no"):
        for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
