"""TGI's wire: the parameters that are sent, the streams that are read, and their failures."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import lists, text

from chatadapters import Done, Finish, MalformedStreamError, OptionError, Text, Usage
from chatadapters._http_errors import HTTPStatusError
from chatadapters._server_wait import status_of, wanted_wait
from chatadapters._transient import is_transient, never_retried
from chatadapters.backends._stop_reader import StopReader
from chatadapters.backends._tgi import TgiReader, tgi_body, tgi_resumed
from chatadapters.backends._tgi_errors import as_tgi_error, retryable
from chatadapters.backends._tgi_package import _ONLY_TYPED
from chatadapters.testing.faults import TEXT, good_body
from tests.backends.reading import DONE, joined, read, read_broken, stream
from tests.backends.tgi_package import INSTALLED, conforms, error_type
from tests.chunks import cut, in_pieces


def token(text: str, *, special: bool = False, **more: Any) -> dict[str, Any]:
    """Write the event of one token."""
    return {"token": {"id": 1, "text": text, "logprob": -0.1, "special": special}, **more}


def last(text: str, reason: str = "eos_token", **more: Any) -> dict[str, Any]:
    """Write what the last event has beside its token."""
    counts = {"generated_tokens": 3, "input_length": 9, "seed": None}
    return {"generated_text": text, "details": {"finish_reason": reason, **counts, **more}}


END = token("</s>", special=True, **last("Hello"))


def test_tokens_are_text_and_the_last_event_is_the_finish() -> None:
    """Special tokens do not show; details give the reason and the usage."""
    body = stream(token("<s>", special=True), token("Hel"), token("lo"), END)
    assert read(TgiReader(), body) == [Text("Hello"), Usage(9, 3), Finish("stop")]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("length", "length"), ("eos_token", "stop"), ("stop_sequence", "stop")]
)
def test_reasons_are_translated(theirs: str, ours: str) -> None:
    """TGI has three reasons to end; two of them mean that the reply is whole."""
    assert read(TgiReader(), stream(token("Hi", **last("Hi", theirs))))[-1] == Finish(ours)


def test_a_stream_that_ends_early_has_no_finish() -> None:
    """Without the last event nobody knows whether the reply is whole."""
    assert read(TgiReader(), stream(token("Hel"))) == [Text("Hel")]


def test_what_other_servers_leave_out_is_not_missed() -> None:
    """No details, no ids, a `[DONE]` behind it: the text is all that is needed."""
    body = stream(
        {"token": {"text": "Hi"}}, {"token": {"text": "!"}, "generated_text": "Hi!"}, DONE
    )
    assert read(TgiReader(), body) == [Text("Hi!"), Finish("stop"), Done()]


def test_events_of_no_meaning_are_passed_over() -> None:
    """Keep-alives with data, and whatever comes after the last token."""
    body = stream({"ping": 1}, token("Hi", **last("Hi")), token("more"), {"ping": 2})
    assert read(TgiReader(), body) == [Text("Hi"), Usage(9, 3), Finish("stop")]


def test_a_whole_answer_in_place_of_a_stream_is_read() -> None:
    """A proxy that does not stream gives what `/generate` answers."""
    body = b'{"generated_text": "Hello", "details": {"finish_reason": "length"}}'
    assert read(TgiReader(), body) == [Text("Hello"), Finish("length")]


def test_the_whole_text_at_the_end_is_not_read_again() -> None:
    """Also where no token comes with it."""
    body = stream(token("Hel"), token("lo"), {"token": None, **last("Hello")})
    assert read(TgiReader(), body) == [Text("Hello"), Usage(9, 3), Finish("stop")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_stream_reads_the_same_in_any_pieces(size: int) -> None:
    """Where the network cuts the bytes does not matter."""
    assert read(TgiReader(), *in_pieces(good_body("tgi"), size))[0] == Text(TEXT)


@pytest.mark.parametrize("at", range(0, len(good_body("tgi")), 97))
def test_a_stream_reads_the_same_in_two_pieces(at: int) -> None:
    """The same for one cut anywhere."""
    assert read(TgiReader(), *cut(good_body("tgi"), [at])) == read(TgiReader(), good_body("tgi"))


@pytest.mark.parametrize(
    ("kind", "typed", "passes"),
    [
        ("generation", "GenerationError", True),
        ("overloaded", "OverloadedError", True),
        ("incomplete_generation", "IncompleteGenerationError", True),
        ("incomplete_generation_stream", "IncompleteGenerationError", True),
        ("validation", "ValidationError", False),
    ],
)
def test_an_error_in_a_stream_has_its_type(kind: str, typed: str, passes: bool) -> None:
    """TGI reports errors inside a stream whose status is 200; some of them may pass."""
    body = stream(token("Hel"), {"error": "No luck", "error_type": kind})
    events, error = read_broken(TgiReader(), body)
    assert events == [Text("Hel")]
    assert type(error) is error_type(typed)
    assert "No luck" in str(error)
    assert retryable(error) is passes
    assert not never_retried(error)


@pytest.mark.parametrize(("status", "passes"), [(401, False), (429, True), (None, True)])
def test_a_status_in_an_error_counts_where_its_type_says_nothing(
    status: int | None, passes: bool
) -> None:
    """Some servers name the HTTP status that the error would have had."""
    named = {"http_status_code": status} if status else {}
    _, error = read_broken(TgiReader(), stream({"error": "No", "error_type": "new", **named}))
    assert retryable(error) is None
    assert is_transient(error) is passes


def test_another_api_is_named() -> None:
    """A server of OpenAI's API behind this base URL is told apart."""
    chunk = {"choices": [{"delta": {"content": "Hi"}}]}
    events, error = read_broken(TgiReader(), stream(chunk))
    assert events == []
    assert isinstance(error, MalformedStreamError)
    assert "OpenAI's API" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "typed", "passes"),
    [
        (400, {"error": "bad"}, "BadRequestError", None),
        (404, "nothing here", "NotFoundError", None),
        (422, {"error": "no", "error_type": "validation"}, "ValidationError", False),
        (429, {"error": "full", "error_type": "overloaded"}, "OverloadedError", True),
        (429, {"error": "slow down"}, "RateLimitExceededError", None),
        (
            500,
            {"error": "?", "error_type": "incomplete_generation"},
            "IncompleteGenerationError",
            1,
        ),
        (504, "", "ShardTimeoutError", None),
    ],
)
def test_an_http_error_has_its_type(
    status: int, body: Any, typed: str, passes: bool | None
) -> None:
    """The package's type, with the status and headers that say whether to try again."""
    ours = HTTPStatusError("what it says", status, {"retry-after": "3"}, body)
    error = as_tgi_error(ours)
    assert type(error) is error_type(typed, HTTPStatusError)
    assert str(error) == "what it says"
    assert (status_of(error), wanted_wait(error)) == (status, 3)
    assert retryable(error) == passes
    assert is_transient(error) is (status in {429, 500, 504})


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_no_matter_of_tgi(status: int) -> None:
    """What stands before the server refuses tokens, and the error stays what it is."""
    ours = HTTPStatusError("who are you?", status, {}, {"error": "no token"})
    assert as_tgi_error(ours) is ours


@pytest.mark.parametrize("body", [{"error": "shard died", "error_type": "generation"}, "loading"])
def test_a_generation_that_failed_may_pass(body: Any) -> None:
    """TGI says so with a status of the 400s that has no other meaning there."""
    error = as_tgi_error(HTTPStatusError("HTTP 424: shard died", 424, {}, body))
    expected = "GenerationError" if isinstance(body, dict) else "ShardNotReadyError"
    assert type(error) is error_type(expected)
    assert retryable(error) is True
    assert not never_retried(error)


def test_a_request_is_what_the_package_would_send() -> None:
    """Every parameter by its name on the wire; the details make the server say how it ended."""
    options = {
        "do_sample": True,
        "frequency_penalty": 0.1,
        "max_new_tokens": 256,
        "repetition_penalty": 1.2,
        "seed": 42,
        "temperature": 0.2,
        "top_k": 50,
        "top_n_tokens": 2,
        "top_p": 0.95,
        "truncate": 999,
        "typical_p": 0.9,
        "watermark": True,
        "grammar": {"type": "regex", "value": "[a-z]+"},
    }
    body = tgi_body("Hi", options, ["<|end|>"])
    parameters = {**options, "details": True, "stop": ["<|end|>"]}
    assert body == {"inputs": "Hi", "parameters": parameters, "stream": True}
    assert conforms(body)


def test_what_the_package_does_not_know_is_sent_too() -> None:
    """An adapter, a penalty below zero, and what only this server takes."""
    extra = {"parameters": {"min_p": 0.1}, "priority": 3}
    options = {"adapter_id": "mine", "frequency_penalty": -1.5, "extra_body": extra}
    body = tgi_body("Hi", options, [])
    own = {"adapter_id": "mine", "frequency_penalty": -1.5}
    assert body.pop("parameters") == {**own, "details": True, "min_p": 0.1}
    assert body == {"inputs": "Hi", "stream": True, "priority": 3}
    assert extra == {"parameters": {"min_p": 0.1}, "priority": 3}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temprature": 1}, r"'temprature'.*did you mean 'temperature'.*extra_body"),
        ({"max_tokens": 9}, "'max_tokens'.*did you mean 'max_new_tokens'"),
        ({"api_key": "k"}, "'api_key'.*did you mean 'token'"),
        ({"zzz": 1}, "'zzz' is not an option of this wire: What only"),
        ({"best_of": 2}, "best_of=2: a streamed reply takes 1 only"),
        ({"return_full_text": True}, "return_full_text=True: .* takes False only"),
        ({"details": False}, "details=False: .* takes True only"),
        ({"decoder_input_details": True}, "decoder_input_details=True"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], words: str) -> None:
    """It is refused before anything is sent, with the nearest names."""
    with pytest.raises(OptionError, match=words):
        tgi_body("Hi", options, [])


def test_options_that_a_stream_allows_are_sent() -> None:
    """The one value that a stream allows may be given."""
    options = {"best_of": 1, "return_full_text": False, "details": True}
    body = tgi_body("Hi", options, [])
    assert body["parameters"] == options
    assert conforms(body)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1},
        {"top_p": "all"},
        {"truncate": 0},
        {"max_new_tokens": 2.5},
        {"do_sample": "no idea"},
        {"watermark": None},
    ],
)
def test_wrong_values_are_found_by_the_package(options: dict[str, Any]) -> None:
    """Where it is installed; elsewhere the server finds them."""
    if INSTALLED:
        with pytest.raises(OptionError, match="text-generation refuses"):
            tgi_body("Hi", options, [])
    else:
        assert tgi_body("Hi", options, [])["parameters"] == {**options, "details": True}


def test_the_package_has_nothing_to_say_of_other_values() -> None:
    """What it is not asked about, because only the type counts, it would not refuse."""
    if INSTALLED:
        from text_generation.types import Parameters

        for name, kind in _ONLY_TYPED.items():
            for value in {bool: (False, True), int: (-1, 0, 2**64 - 1), list: ([], ["a"])}[kind]:
                assert getattr(Parameters(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("status", "options", "loaded"),
    [
        ("200 OK", "max_new_tokens=64, do_sample=True", False),
        ("200 OK", "temperature=0.5", INSTALLED),
        ("401 Unauthorized", "retry=Retry(attempts=1)", False),
        ("422 Unprocessable Entity", "retry=Retry(attempts=1)", INSTALLED),
    ],
)
def test_a_message_imports_the_package_only_to_ask_it(
    status: str, options: str, loaded: bool
) -> None:
    """It takes a third of a second, for values to be checked and for failures to be named."""
    code = f"""
import sys
from contextlib import suppress
from chatadapters import Retry, text_generation_predict
from chatadapters.testing.faults import good_body
from tests.backends.served import Served, answer
with Served([answer(good_body("tgi"), status={status!r})]) as server, suppress(Exception):
    print(text_generation_predict(server.url, {options}).complete("Hi").finish_reason)
print("text_generation" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answered = "stop\n" if status.startswith("200") else ""
    assert done.stdout == f"{answered}{loaded}\n"


def test_a_resumed_request_continues_the_prompt() -> None:
    """It asks for the tokens that are left at least, and leaves the first request alone."""
    body = tgi_body("Q: x A:", {"max_new_tokens": 10, "seed": 1}, ["Q:"])
    resumed = tgi_resumed(body, " one two three")
    assert resumed["inputs"] == "Q: x A: one two three"
    assert resumed["parameters"] == {**body["parameters"], "max_new_tokens": 7}
    assert (body["inputs"], body["parameters"]["max_new_tokens"]) == ("Q: x A:", 10)
    assert "max_new_tokens" not in tgi_resumed(tgi_body("x", {}, []), "y")["parameters"]


def test_a_stop_is_cut_out_of_the_text() -> None:
    """TGI's text ends with the stop sequence it stopped at; its usage is still read."""
    body = stream(token("Hi"), token("\nUs"), token("er:", **last("Hi\nUser:", "stop_sequence")))
    events = read(StopReader(TgiReader(), ["\nUser:"]), body)
    assert events == [Text("Hi"), Finish("stop"), Done(), Usage(9, 3)]


def test_a_stop_that_ends_at_the_length_is_a_stop() -> None:
    """TGI tests the length first, so its reason may say length where the reply is whole."""
    body = stream(token("Hi"), token("<|end|>", **last("Hi<|end|>", "length")))
    assert Finish("length") not in read(StopReader(TgiReader(), ["<|end|>"]), body)


def test_what_only_looks_like_a_stop_is_shown() -> None:
    """Text that might have become a stop is held back, and given when it did not."""
    body = stream(token("a <"), token("|en", **last("a <|en", "length")))
    reader = StopReader(TgiReader(), ["<|end|>"])
    events = [event for event in read(reader, body) if not isinstance(event, Usage)]
    assert joined(events) == [Text("a <|en"), Finish("length")]
    unfinished = StopReader(TgiReader(), ["<|end|>"])
    assert read(unfinished, stream(token("a <|en"))) == [Text("a <|en")]


def test_nothing_after_a_stop_is_read() -> None:
    """A server that goes on has said nothing more, not even an error."""
    body = stream(token("Hi<|end|>"), token("more"), {"error": "x", "error_type": "generation"})
    reader = StopReader(TgiReader(), ["<|end|>"])
    assert read(reader, body, stream(token("more"))) == [Text("Hi"), Finish("stop"), Done()]


@given(stops=lists(text("ab<", min_size=1, max_size=3), min_size=1, max_size=3), said=text("ab<"))
def test_stops_cut_the_same_in_any_pieces(stops: list[str], said: str) -> None:
    """The text ends before the stop that begins first, whatever tokens it came in."""
    body = stream(*(token(letter) for letter in said), END)
    events = joined(read(StopReader(TgiReader(), stops), body))
    shown = "".join(event.delta for event in events if isinstance(event, Text))
    found = [said.index(stop) for stop in stops if stop in said]
    assert shown == said[: min(found, default=len(said))]
    assert events.count(Finish("stop")) == 1
