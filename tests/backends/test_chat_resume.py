"""Replies of chat servers that go on where they broke: how they are asked, what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from chatadapters import (
    OptionError,
    Restarted,
    Retry,
    Text,
    Timeout,
    huggingface_predict,
    openai_predict,
)
from chatadapters.backends._chat_resume import WAYS, continued
from chatadapters.testing.faults import SCENARIOS, TEXT, FaultServer
from tests.backends.served import Served, answer, event
from tests.both import Run

pytest_plugins = ["chatadapters.testing.pytest_plugin"]

KEY = "sk-resume-c2VjcmV0"
USER = {"role": "user", "content": "Hello"}
REQUEST = {"model": "m", "messages": [USER], "stream": True}
#: Those that say in the request that they are to go on; llama.cpp always does.
SAYING = sorted({*WAYS} - {"llama.cpp"})


def with_openai(url: str, way: str, **options: Any) -> Any:
    own: dict[str, Any] = {"pace": 0, "retry": Retry(wait=0.01), **options}
    return openai_predict("m", base_url=url, api_key=KEY, resume_as=way, **own)


def with_hub(url: str, way: str, **options: Any) -> Any:
    own: dict[str, Any] = {"pace": 0, "retry": Retry(wait=0.01), **options}
    return huggingface_predict("m", base_url=url, token=KEY, resume_as=way, **own)


MAKERS = pytest.mark.parametrize("make", [with_openai, with_hub])


def address(server: FaultServer, scenario: str, way: str) -> str:
    """Give a URL at which this kind of server would be."""
    return server.url(scenario) + (f"/{WAYS[way].path}" if WAYS[way].path else "")  # type: ignore[index]


def patience(scenario: str) -> Timeout:
    """Wait only shortly where a silence is the fault: another one is that of a busy machine."""
    return Timeout(connect=30, first=30, idle=0.5 if "stall" in scenario else 30)


def heard(run: Run, predict: Any) -> tuple[str, bool]:
    """Give the text that a consumer of events has, and whether the reply began again."""
    text, restarted = "", False
    for happened in run(predict, "events", "Hello"):
        if isinstance(happened, Restarted):
            text, restarted = "", True
        elif isinstance(happened, Text):
            text += happened.delta
    return text, restarted


@MAKERS
@pytest.mark.parametrize("way", SAYING)
def test_each_server_is_asked_in_its_own_way(
    make: Any, way: str, fault_server: FaultServer, run: Run
) -> None:
    """The reply so far follows as the last message, with the fields this server wants."""
    url = address(fault_server, "reset_mid_once", way)
    assert heard(run, make(url, way)) == (TEXT, False)
    first, second = (request.body for request in fault_server.requests(url))
    assert first == REQUEST
    how = WAYS[way]  # type: ignore[index] # a name of its own table
    message = {"role": "assistant", "content": "Grüße aus", **how.message}
    assert second == {**REQUEST, "messages": [USER, message], **how.body}


#: What a server may do, and how many requests it then takes.
ANSWERS = [
    ("resume_repeats_once", 2),
    ("resume_overlaps_once", 2),
    ("resume_trims_once", 2),
    ("resume_ignored_once", 3),
    ("resume_refused_once", 3),
    ("resume_cut_once", 3),
    ("trunc_clean_once", 2),
    ("stall_mid_once", 2),
    ("error_in_200_once", 2),
]
#: The same, where the second answer is another one than the first.
OTHERS = [("restart_differs_once", 3), ("restart_shorter_once", 3)]


@MAKERS
@pytest.mark.parametrize(("scenario", "requests"), [*ANSWERS, *OTHERS])
def test_whatever_a_server_makes_of_it_the_text_is_exact(
    make: Any, scenario: str, requests: int, fault_server: FaultServer, run: Run
) -> None:
    """An echo or an overlap is taken once; what does not fit, or is refused, begins again."""
    url = fault_server.url(scenario)
    values = run(make(url, "vllm", timeout=patience(scenario)), "predict", "Hello")
    assert values[-1] == TEXT
    wanted = SCENARIOS[scenario].first or TEXT
    assert all(TEXT.startswith(value) or wanted.startswith(value) for value in values)
    assert len(fault_server.requests(url)) == requests


@MAKERS
@pytest.mark.parametrize(("scenario", "requests"), ANSWERS)
def test_deltas_show_no_seam(
    make: Any, scenario: str, requests: int, fault_server: FaultServer, run: Run
) -> None:
    """Consumers that append get every character once."""
    url = fault_server.url(scenario)
    assert "".join(run(make(url, "vllm", timeout=patience(scenario)), "deltas", "Hello")) == TEXT
    assert len(fault_server.requests(url)) == requests


@MAKERS
@pytest.mark.parametrize("midstream", ["restart", "raise"])
def test_a_policy_may_forbid_it(
    make: Any, midstream: Any, fault_server: FaultServer, run: Run
) -> None:
    """What the policy says about broken replies goes first."""
    url = fault_server.url("reset_mid_once")
    predict = make(url, "vllm", retry=Retry(wait=0.01, midstream=midstream))
    if midstream == "restart":
        assert heard(run, predict) == (TEXT, True)
    else:
        with pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
            run(predict, "predict", "Hello")
    assert all(len(request.body["messages"]) == 1 for request in fault_server.requests(url))


@MAKERS
@pytest.mark.parametrize(
    "options",
    [
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"response_format": {"type": "json_object"}},
        {"extra_body": {"guided_json": {"type": "object"}}},
    ],
)
def test_what_is_more_than_plain_text_begins_again(
    make: Any, options: dict[str, Any], fault_server: FaultServer, run: Run
) -> None:
    """A form that is bound from its beginning, and calls of tools, cannot go on in the middle."""
    url = fault_server.url("reset_mid_once")
    assert heard(run, make(url, "vllm", **options)) == (TEXT, True)
    assert all(len(request.body["messages"]) == 1 for request in fault_server.requests(url))


def thinking(server_sends: dict[str, str]) -> list[Any]:
    """Write an answer that breaks after some reasoning and some text."""
    deltas = [server_sends, {"content": "One two"}, {"content": " three"}]
    return [event({"choices": [{"delta": delta}]}) for delta in deltas]


@MAKERS
@pytest.mark.parametrize(
    "reasoning", [{"reasoning_content": "Hm."}, {"content": "<think>Hm.</think>"}]
)
def test_a_reply_that_thought_begins_again(make: Any, reasoning: dict[str, str], run: Run) -> None:
    """Templates leave out earlier thoughts, so that a continuation would not know them."""
    stop = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    cut = answer(*thinking(reasoning))
    whole = answer(*thinking(reasoning), stop, event("[DONE]"))
    with Served([cut, whole]) as server:
        predict = make(f"{server.url}/v1", "vllm")
        assert heard(run, predict)[1]
        assert run(predict, "predict", "Hello")[-1] == "One two three"
    assert all(len(request.body["messages"]) == 1 for request in server.requests)


def test_a_continuation_gets_the_tokens_that_are_left() -> None:
    """A word took a token or more; the caller's own fields stay."""
    request = {**REQUEST, "max_tokens": 50, "extra_body": {"top_k": 3}}
    found = continued(request, "One two", "vllm", "extra_body")
    assert found is not None
    assert found["max_tokens"] == 48
    assert found["extra_body"] == {"top_k": 3, **WAYS["vllm"].body}
    assert request["messages"] == [USER]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "<think>One two"),
        ({}, "\n [THINK] One two"),
        ({"stop": ["\nThe user"]}, "One two\nThe"),
        ({"stop": "two three"}, "One two"),
        ({"messages": [USER, {"role": "assistant", "content": "A beginning"}]}, "One two"),
    ],
)
def test_what_cannot_be_continued_safely_is_not(more: dict[str, Any], text: str) -> None:
    """Thoughts, half a stop sequence, and a reply that the caller began."""
    assert continued(REQUEST, "One two", "vllm") is not None
    assert continued({**REQUEST, **more}, text, "vllm") is None


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://api.openai.com/v1",
        "https://eu.api.openai.com/v1",
        "https://mine.openai.azure.com/openai/v1",
    ],
)
def test_openai_is_never_asked(url: str | None) -> None:
    """There a last message of the assistant is a turn that is over; the error says so."""
    predict = openai_predict("m", base_url=url, api_key=KEY, resume_as="vllm")
    with pytest.raises(OptionError, match="cannot continue a reply; leave resume_as out"):
        predict.build("Hello")
    assert "resume_as" not in repr(openai_predict("m", base_url=url).backend)


def test_a_lent_client_of_azure_is_never_asked() -> None:
    """Its address is the client's."""
    lent = openai.AzureOpenAI(
        api_key=KEY, azure_endpoint="https://mine.openai.azure.com", api_version="1"
    )
    predict = openai_predict("m", client=lent, resume_as="vllm")
    with pytest.raises(OptionError, match="azure.com cannot continue"):
        predict.build("Hello")
    lent.close()


def test_nobody_is_asked_unasked(fault_server: FaultServer, run: Run) -> None:
    """Without the option a broken reply begins again, from the conversation alone."""
    for make in (openai_predict, huggingface_predict):
        url = fault_server.url("reset_mid_once")
        predict: Any = make("m", base_url=url, pace=0, retry=Retry(wait=0.01))
        assert heard(run, predict) == (TEXT, True)
        assert [len(request.body["messages"]) for request in fault_server.requests(url)] == [1, 1]


@MAKERS
def test_deepseek_is_asked_at_its_beta_address_only(make: Any) -> None:
    """Elsewhere it takes the message for a turn that is over."""
    with pytest.raises(OptionError, match=r"below /beta only.*api\.deepseek\.com/beta"):
        make("https://api.deepseek.com", "deepseek").build("Hello")
    assert make("https://api.deepseek.com/beta", "deepseek").build("Hello") == REQUEST


@MAKERS
def test_a_server_that_nobody_knows_is_named(make: Any) -> None:
    """The error lists those that are known."""
    with pytest.raises(OptionError, match=r"resume_as='ollama'.*'mistral'.*'vllm'"):
        make("http://127.0.0.1:9", "ollama")


def test_where_there_is_nothing_to_say_it_is_refused() -> None:
    """The Responses API cannot continue, and a prompt is continued anyway."""
    with pytest.raises(OptionError, match="Responses API"):
        openai_predict("m", base_url="http://127.0.0.1:9", api="responses", resume_as="vllm")
    with pytest.raises(OptionError, match="goes on anyway"):
        with_hub("http://127.0.0.1:9", "tgi", task="text-generation", template="chatml")


def test_every_kind_of_server_is_in_the_docs() -> None:
    """With the fields it is sent."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "retries.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith('| `"')]
    for name, way in WAYS.items():
        [row] = [row for row in rows if f'`"{name}"`' in row.partition("|")[2].partition("|")[0]]
        for field in (*way.body, *way.message, way.path):
            assert field in row
