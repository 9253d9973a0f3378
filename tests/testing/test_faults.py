"""The fault server does at the byte level what its scenarios say."""

from __future__ import annotations

import contextlib
import doctest
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from chatadapters import OptionError
from chatadapters.testing import faults
from chatadapters.testing._faults import command
from chatadapters.testing.faults import SCENARIOS, TEXT, FaultServer, good_body

PATHS = {
    "openai": "/chat/completions",
    "completions": "/completions",
    "responses": "/responses",
    "tgi": "/generate_stream",
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    yield from faults.fault_server()


def connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def ask(
    connection: http.client.HTTPConnection, url: str, dialect: str = "openai", **body: Any
) -> http.client.HTTPResponse:
    path = urlsplit(url).path + PATHS[dialect]
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-secret"}
    connection.request("POST", path, json.dumps({"stream": True, **body}), headers)
    return connection.getresponse()


def fetch(url: str, dialect: str = "openai", **body: Any) -> bytes:
    with contextlib.closing(connect(url)) as connection:
        return ask(connection, url, dialect, **body).read()


def events(body: bytes) -> list[Any]:
    lines = body.decode().split("\n")
    return [json.loads(line[5:]) for line in lines if line.startswith("data: {")]


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="sk-secret", max_retries=0, timeout=10)


def test_the_examples_in_the_docs_run() -> None:
    """The module's doctests pass."""
    assert doctest.testmod(faults).failed == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_says_what_is_right(name: str) -> None:
    """Text is expected wherever an answer is, and a flag has a reason of its own."""
    wanted = SCENARIOS[name]
    assert wanted.name == name
    assert wanted.description.endswith((".", "`"))
    assert (wanted.expected is None) == (wanted.want == "error")
    assert (wanted.want == "flag") == (wanted.reason not in ("stop", "paused", "unknown"))


def test_the_openai_sdk_reads_a_good_chat(server: FaultServer) -> None:
    """The chat dialect is what the real SDK takes."""
    with client(server.url("ok")) as sdk:
        chunks = list(sdk.chat.completions.create(model="x", messages=[], stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_the_openai_sdk_reads_a_good_completion(server: FaultServer) -> None:
    """The dialect of raw completions is what the real SDK takes."""
    with client(server.url("ok", "completions")) as sdk:
        chunks = list(sdk.completions.create(model="x", prompt="p", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_the_openai_sdk_reads_a_good_response(server: FaultServer) -> None:
    """The Responses dialect is what the real SDK takes."""
    with client(server.url("ok", "responses")) as sdk:
        got = list(sdk.responses.create(model="x", input="p", stream=True))
    assert "".join(e.delta for e in got if e.type == "response.output_text.delta") == TEXT
    assert got[-1].type == "response.completed"
    assert got[-1].response.output_text == TEXT


def test_the_openai_sdk_reads_answers_without_a_stream(server: FaultServer) -> None:
    """A request without `stream` gets one JSON object."""
    with client(server.url("ok")) as sdk:
        answer = sdk.chat.completions.create(model="x", messages=[])
    assert answer.choices[0].message.content == TEXT


def test_a_tgi_stream_ends_in_the_generated_text(server: FaultServer) -> None:
    """Only the last event has the text, and details when they are asked for."""
    url = server.url("ok", "tgi")
    *first, last = events(fetch(url, "tgi", inputs="x", parameters={"details": True}))
    assert "".join(event["token"]["text"] for event in first) == TEXT
    assert {event["generated_text"] for event in first} == {None}
    assert last["generated_text"] == TEXT
    assert last["details"]["finish_reason"] == "eos_token"
    assert events(fetch(url, "tgi", inputs="x"))[-1]["details"] is None


def test_tgi_goes_on_where_the_prompt_ends(server: FaultServer) -> None:
    """A prompt that ends in a part of the answer gets the rest of it."""
    body = fetch(server.url("ok", "tgi"), "tgi", inputs="<|assistant|>\n" + TEXT[:31])
    assert "".join(event["token"]["text"] for event in events(body)[:-1]) == TEXT[31:]


def test_attempts_are_counted_for_each_url(server: FaultServer) -> None:
    """The first request fails, the next is fine, and a new URL begins anew."""
    url = server.url("trunc_clean_once")
    assert fetch(url) == good_body()[: len(fetch(server.url("trunc_clean_once")))]
    assert fetch(url) == good_body()
    assert [request.attempt for request in server.requests(url)] == [1, 2]


def test_a_request_is_noted(server: FaultServer) -> None:
    """Body, headers, path, time and what was written are there to be asserted."""
    url = server.url("ok", "responses")
    before = time.monotonic()
    fetch(url, "responses", model="m")
    [request] = server.requests(url)
    assert request.wait()
    assert request.body == {"stream": True, "model": "m"}
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert (request.path, request.dialect) == ("/v1/responses", "responses")
    assert before <= request.arrived <= time.monotonic()
    assert request.written == len(good_body("responses"))
    assert request.left is None


def test_a_client_that_leaves_is_noticed(server: FaultServer) -> None:
    """The time at which the client went away is noted while an answer runs."""
    url = server.url("cancel_probe")
    connection = connect(url)
    response = ask(connection, url)
    response.read(200)
    response.close()
    connection.close()
    closed = time.monotonic()
    [request] = server.requests(url)
    assert request.wait()
    assert request.left is not None
    assert request.left - closed < 4
    assert request.written < 20_000


def test_a_client_that_leaves_in_a_silence_is_noticed(server: FaultServer) -> None:
    """Nothing needs to be written to see that the client went away."""
    url = server.url("done_no_close")
    connection = connect(url)
    response = ask(connection, url)
    assert response.read(len(good_body())) == good_body()
    response.close()
    connection.close()
    [request] = server.requests(url)
    assert request.wait()
    assert request.left is not None


@pytest.mark.parametrize(
    ("how", "error"),
    [("fin", http.client.IncompleteRead), ("rst", ConnectionResetError), ("clean", None)],
)
@pytest.mark.parametrize("k", [0, 1, 100])
def test_a_cut_is_made_after_k_bytes(
    server: FaultServer, k: int, how: faults.End, error: type[Exception] | None
) -> None:
    """The first answer ends after `k` bytes in the way that was asked for; the next is whole."""
    url = server.url_cut(k, how)
    with contextlib.closing(connect(url)) as connection:
        response = ask(connection, url)
        got = b"".join(response.read(1) for _ in range(k))
        with pytest.raises(error) if error else contextlib.nullcontext():
            assert response.read() == b""
    assert got == good_body()[:k]
    assert fetch(url) == good_body()


def test_a_scenario_of_ones_own_is_played(server: FaultServer) -> None:
    """Its first answer is what its function gives, and the next one is healthy."""

    @faults.scenario("retry")
    def goodbye_once(ask: faults.Ask) -> faults.Answer:
        """Two pieces, a comment, an end."""
        return faults.Answer([*ask.healthy()[:2], b": goodbye\n\n"])

    url = server.url(goodbye_once, "tgi")
    assert url.endswith("/goodbye_once")
    first, second = (fetch(url, "tgi", parameters={"details": True}) for _ in range(2))
    assert first.endswith(b": goodbye\n\n")
    assert second == good_body("tgi")


def test_a_split_loses_nothing(server: FaultServer) -> None:
    """A split stream is the good one, in two chunks."""
    assert fetch(server.url_split(57, "tgi"), "tgi", parameters={"details": 1}) == good_body("tgi")


def test_a_connection_serves_one_request_after_another(server: FaultServer) -> None:
    """An answer that ends in order leaves the connection usable."""
    url = server.url("ok")
    with contextlib.closing(connect(url)) as connection:
        assert ask(connection, url).read() == ask(connection, url).read()
        assert connection.sock is not None


def test_bytes_that_are_not_http_come_as_they_are(server: FaultServer) -> None:
    """A raw answer has no head of ours."""
    url = server.url("garbage_http")
    with contextlib.closing(connect(url)) as connection, pytest.raises(http.client.BadStatusLine):
        ask(connection, url)


def test_a_silent_server_sends_nothing(server: FaultServer) -> None:
    """A stalled answer holds the connection open without a byte."""
    url = urlsplit(server.url("stall_headers_once"))
    with socket.create_connection((url.hostname, url.port), timeout=0.3) as raw:
        raw.sendall(f"POST {url.path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            raw.recv(1)


def test_nobody_listens_on_a_refused_port(server: FaultServer) -> None:
    """Connecting is refused, and no request is noted."""
    url = server.url("connection_refused")
    with pytest.raises(ConnectionRefusedError):
        fetch(url)
    assert server.requests(url) == []


def test_a_full_queue_lets_nobody_connect(server: FaultServer) -> None:
    """Connecting takes longer than any client waits."""
    url = urlsplit(server.url("connect_hangs"))
    with pytest.raises(TimeoutError):
        socket.create_connection((url.hostname, url.port), timeout=0.3)


def test_the_other_origin_notes_who_comes(server: FaultServer) -> None:
    """A client that follows the redirect is found out."""
    url = server.url("redirect_other_origin")
    with contextlib.closing(connect(url)) as connection:
        response = ask(connection, url)
        elsewhere = response.headers["Location"]
    assert urlsplit(elsewhere).port != urlsplit(url).port
    assert server.strays(url) == []
    assert fetch(elsewhere.removesuffix(PATHS["openai"])) == good_body()
    assert [stray.headers["authorization"] for stray in server.strays(url)] == ["Bearer sk-secret"]


def test_a_proxy_cuts_the_first_answer_only(server: FaultServer) -> None:
    """Requests reach the real server, whose first answer is cut and whose others are whole."""
    upstream = server.url("ok")
    url = server.url_proxy(upstream, cut_after=300, how="clean")
    assert fetch(url, model="m") == good_body()[:300]
    assert fetch(url, model="m") == good_body()
    bodies = [request.body["model"] for request in server.requests(upstream)]
    assert bodies == ["m", "m"]


def test_a_proxy_frees_the_real_server_when_it_cuts(server: FaultServer) -> None:
    """The real server sees the client go when the answer is cut."""
    upstream = server.url("cancel_probe")
    url = server.url_proxy(upstream, cut_after=500, how="fin")
    with pytest.raises(http.client.IncompleteRead):
        fetch(url)
    [request] = server.requests(upstream)
    assert request.wait()
    assert request.left is not None


def test_waits_are_divided_by_the_speed() -> None:
    """A scenario of five seconds takes a tenth of one."""
    with FaultServer(speed=50) as fast:
        began = time.monotonic()
        assert fetch(fast.url("slow_first_token")).endswith(good_body())
        assert 0.09 < time.monotonic() - began < 4


def test_what_is_unknown_is_named(server: FaultServer) -> None:
    """A wrong scenario, dialect or path is an error that repeats it."""
    with pytest.raises(LookupError, match="'nope'"):
        server.url("nope")
    with pytest.raises(LookupError, match="did you mean reset_mid_once"):
        server.url("rest_mid_once")
    with pytest.raises(LookupError, match="'soap'"):
        server.url("ok", "soap")
    wrong = server.url("ok").replace("/ok/", "/nope/").replace("/r", "/other")
    assert b"no scenario 'nope'" in fetch(wrong)


def test_what_does_not_run_has_no_url() -> None:
    """A server that was not started says how it is, and a speed that is none is refused."""
    with pytest.raises(RuntimeError, match="with FaultServer"):
        FaultServer().url("ok")
    with pytest.raises(OptionError, match="speed=0"):
        FaultServer(speed=0)


def test_a_path_may_open_a_run_of_its_own(server: FaultServer) -> None:
    """A client that was started elsewhere needs nothing but the address."""
    origin = "http://" + urlsplit(server.url("ok")).netloc
    assert fetch(f"{origin}/mine/crlf/v1") == good_body().replace(b"\n", b"\r\n")
    assert len(server.requests(f"{origin}/mine")) == 1


def test_stopping_ends_the_thread_and_open_answers() -> None:
    """Nothing is left over, not even of an answer that would never end."""
    before = set(threading.enumerate())
    server = FaultServer().start()
    url = server.url("stall_mid_once")
    with contextlib.closing(connect(url)) as connection:
        response = ask(connection, url)
        server.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
    assert set(threading.enumerate()) <= before


def test_a_taken_port_is_an_error(server: FaultServer) -> None:
    """The reason is raised where the server is started."""
    port = urlsplit(server.url("ok")).port
    assert port is not None
    with pytest.raises(OSError, match="address already in use"):
        FaultServer(port=port).start()
    with pytest.raises(OverflowError, match="0-65535"):
        FaultServer(port=99_999).start()


def test_the_command_serves_until_it_is_interrupted() -> None:
    """`python -m chatadapters.testing.faults` prints a URL that answers."""
    arguments = [sys.executable, "-m", faults.__name__, "--scenario", "crlf", "--dialect", "tgi"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert process.stdout.readline() == "    exact: Lines end in CR LF.\n"
        assert fetch(url, "tgi").endswith(b"\r\n\r\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is told there that a pipe was closed")
@pytest.mark.parametrize("arguments", [[], ["--scenario", "crlf"]], ids=["all", "one"])
def test_the_command_ends_when_nobody_reads_its_list(arguments: list[str]) -> None:
    """As in `| head`: also where all was written before the reader left, and without a word."""
    command_line = [sys.executable, "-m", faults.__name__, *arguments]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline().startswith(b"http://127.0.0.1:")
            process.stdout.close()
            assert process.wait(30) == 1
            assert process.stderr.read() == b""
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "reset_mid"], "no scenario 'reset_mid'; did you mean reset_mid_once"),
        (["--scenario", "refusal", "--dialect", "tgi"], "not there in the dialect 'tgi', but in"),
        (["--speed", "0"], "speed=0.0: give a number above 0"),
    ],
)
def test_the_command_says_what_is_not_served(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is no scenario, or none of the dialect, is an error and not a silent server."""
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert says in capsys.readouterr().err


def test_the_command_says_that_its_port_is_taken(
    server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, without a traceback."""
    with pytest.raises(SystemExit):
        command.main(["--port", str(urlsplit(server.url("ok")).port)])
    assert "cannot listen on port" in capsys.readouterr().err
