"""LangGraph graphs: nodes one after the other and side by side, and calls in them that break."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import RetryPolicy

from chatadapters import (
    OptionError,
    Restarted,
    Text,
    langchain_predict,
)
from tests.backends.langchain_model import Scripted, ended, said, tool_call
from tests.both import Run, complete


def look(q: str) -> str:
    """Look something up."""
    return f"found {q}"


AGENT = [
    [
        said("Let me look.", tool_call_chunks=[tool_call("look", '{"q": "x"}', "1")]),
        ended(
            "tool_calls", usage_metadata={"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
        ),
    ],
    [
        said("It is"),
        said(" so."),
        ended(usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}),
    ],
]


def test_an_agent_streams_all_it_says(run: Run) -> None:
    """Texts of several calls are a blank line apart; what tools gave is not shown."""
    agent = create_agent(Scripted(scripts=AGENT), [look])
    predict = langchain_predict(agent, pace=0)
    assert predict.build("Hi", [("a", "b")]) == {
        "input": {"messages": [HumanMessage("a"), AIMessage("b"), HumanMessage("Hi")]},
        "stream_mode": "messages",
    }
    reply = complete(run, predict, "Hi", [("a", "b")])
    assert reply.text == "Let me look.\n\nIt is so."
    assert (reply.finish_reason, reply.tool_calls) == ("stop", ())
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (12, 3)


def test_nodes_that_answer_one_after_the_other(run: Run) -> None:
    """Their texts are a blank line apart, and the finish of the last one counts."""
    model = Scripted(scripts=[[said("One."), ended()], [said("Two"), ended("length")]])
    graph = StateGraph(MessagesState)
    for node in ("first", "second"):
        graph.add_node(node, lambda state: {"messages": model.invoke(state["messages"])})
    graph.add_edge(START, "first").add_edge("first", "second").add_edge("second", END)
    reply = complete(run, langchain_predict(graph.compile().with_config(tags=["x"])), "Hi")
    assert (reply.text, reply.finish_reason) == ("One.\n\nTwo", "length")


@pytest.mark.parametrize("node", ["the same", "another"])
@pytest.mark.parametrize("content", ["text", "blocks"])
def test_a_message_that_a_node_makes_of_an_answer(node: str, content: str, run: Run) -> None:
    """LangGraph streams it again, for its id is new; it is shown once."""
    texts = ["One", " answer."]
    chunks = texts if content == "text" else [[{"type": "text", "text": each}] for each in texts]
    model = Scripted(scripts=[[*map(said, chunks), ended("length")]])

    def copied(state: MessagesState) -> MessagesState:
        return {"messages": [AIMessage(state["messages"][-1].content, name="writer")]}

    def answered(state: MessagesState) -> MessagesState:
        return {"messages": [model.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    if node == "the same":
        graph.add_node("write", lambda state: copied(answered(state)))
        graph.add_edge(START, "write").add_edge("write", END)
    else:
        graph.add_node("write", answered).add_node("copy", copied)
        graph.add_edge(START, "write").add_edge("write", "copy").add_edge("copy", END)
    reply = complete(run, langchain_predict(graph.compile()), "Hi")
    assert (reply.text, reply.finish_reason) == ("One answer.", "length")


def test_a_message_that_a_node_changes_is_another(run: Run) -> None:
    """Nobody but the app knows which of the two counts."""
    model = Scripted(scripts=[[said("One"), ended()]])

    def louder(state: MessagesState) -> MessagesState:
        return {"messages": [AIMessage(f"{model.invoke(state['messages']).content}!")]}

    graph = StateGraph(MessagesState).add_node("write", louder)
    graph.add_edge(START, "write").add_edge("write", END)
    assert complete(run, langchain_predict(graph.compile()), "Hi").text == "One\n\nOne!"


class Breaking(Scripted):
    """A model whose calls break after their script, the first ones of them."""

    breaks: int = 2**31

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield from super()._stream(*args, **kwargs)
        if len(self.calls) <= self.breaks:
            raise ConnectionResetError


@pytest.mark.parametrize("how", ["fallback", "middleware", "retries of the node"])
def test_a_call_that_broke_within_a_graph_is_taken_back(how: str, run: Run) -> None:
    """LangChain streams what it said, and then all that the call says which takes its place."""
    thought = said("", additional_kwargs={"reasoning_content": "Hm"})
    broken = [thought, said("Hello A", tool_call_chunks=[tool_call("look", "{}", "1")])]
    whole = Scripted(scripts=[[thought, said("Hello"), said(" Ada."), ended()]])
    first = Breaking(scripts=[broken])
    if how == "middleware":
        graph = create_agent(first, [], middleware=[ModelFallbackMiddleware(whole)])
    else:
        retry = RetryPolicy(initial_interval=0.01, retry_on=ConnectionResetError)
        twice = Breaking(scripts=[broken, *whole.scripts], breaks=1)
        model = first.with_fallbacks([whole]) if how == "fallback" else twice
        node = lambda state: {"messages": [model.invoke(state["messages"])]}  # noqa: E731
        nodes = StateGraph(MessagesState).add_node("write", node, retry_policy=retry)
        graph = nodes.add_edge(START, "write").add_edge("write", END).compile()
    predict = langchain_predict(graph, pace=0, show_reasoning=True)
    reply = complete(run, predict, "Hi")
    assert (reply.text, reply.reasoning, reply.attempts) == ("Hello Ada.", "Hm", 1)
    assert not reply.tool_calls
    shown = "<think>Hm</think>\n\nHello Ada."
    for model in (first, whole):
        model.calls.clear()
    if how != "retries of the node":
        assert run(predict, "predict", "Hi")[-1] == "".join(run(predict, "deltas", "Hi")) == shown


def test_what_was_said_before_a_call_that_broke_stays(run: Run) -> None:
    """It is given again behind the restart."""
    before = Scripted(scripts=[[said("One."), ended()]])
    broken = Breaking(scripts=[[said("Two a")]])
    whole = Scripted(scripts=[[said("Two."), ended()]])
    graph = StateGraph(MessagesState)
    for name, model in (("first", before), ("second", broken.with_fallbacks([whole]))):
        graph.add_node(name, lambda state, model=model: {"messages": [model.invoke("Hi")]})
    graph.add_edge(START, "first").add_edge("first", "second").add_edge("second", END)
    events = run(langchain_predict(graph.compile(), pace=0), "events", "Hi")
    restart = events.index(Restarted(1))
    assert _text(events[:restart]) == "One.\n\nTwo a"
    assert _text(events[restart:]) == "One.\n\nTwo."


def _text(events: list[Any]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Text))


class InTurns(Scripted):
    """A model that says each of its chunks when the one beside it says one."""

    turn: Any

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in super()._stream(*args, **kwargs):
            self.turn.wait(10)
            yield chunk


def test_nodes_that_answer_side_by_side(run: Run) -> None:
    """What each says stays together, a blank line from the other; all usage counts."""
    turn = Barrier(2)
    usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
    call = {"tool_call_chunks": [tool_call("look", "{}", "1")]}
    cat = [said("The cat"), said(" sat"), said(" down."), ended(usage_metadata=usage)]
    dog = [said("Dogs"), said(" run", **call), said("."), ended("stop", usage_metadata=usage)]
    graph = StateGraph(MessagesState)
    for name, script in (("cat", cat), ("dog", dog)):
        model = InTurns(scripts=[script], turn=turn)
        graph.add_node(
            name, lambda state, model=model: {"messages": model.invoke(state["messages"])}
        )
        graph.add_edge(START, name).add_edge(name, END)
    reply = complete(run, langchain_predict(graph.compile(), pace=0), "Hi")
    texts = ["The cat sat down.", "Dogs run."]
    assert reply.text in ("\n\n".join(texts), "\n\n".join(reversed(texts)))
    assert [call["id"] for call in reply.tool_calls] == ["1"]
    assert reply.finish_reason == "tool_calls"
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (10, 2)


def test_a_graph_is_asked_for_subgraphs_too(run: Run) -> None:
    """The tuples of that mode are read as well; an option it would ignore is refused."""
    agent = create_agent(Scripted(scripts=AGENT), [look])
    predict = langchain_predict(agent, subgraphs=True, stop="so")
    assert complete(run, predict, "Hi").text == "Let me look.\n\nIt is "
    with pytest.raises(OptionError, match=r"'temperature'.*CompiledStateGraph"):
        langchain_predict(agent, temperature=0).build("Hi")
