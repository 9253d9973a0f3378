"""Where in a LangGraph graph a message was made, and the ids that LangChain gives to calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_OWN_IDS = ("run-", "lc_run-")
_BELOW = "|"


class Place(NamedTuple):
    """A task of a graph: one run of one node.

    Attributes:
        task: Its name, which no other task of this run of the graph has; empty outside a graph.
        step: In which step of the graph it runs; the tasks of one step run side by side.
    """

    task: str = ""
    step: int | None = None

    def is_before(self, other: Place) -> bool:
        """Say whether this task was over when the other one began."""
        if self.step is None or other.step is None or self.step >= other.step:
            return False
        return _graph(self.task) == _graph(other.task)


def _graph(task: str) -> str:
    return task.rpartition(_BELOW)[0]


def place_in(chunk: tuple[Any, ...]) -> Place:
    """Give where a message was made, of LangGraph's (message, metadata).

    Example:
        >>> place_in(("a message", {"langgraph_checkpoint_ns": "write:1", "langgraph_step": 2}))
        Place(task='write:1', step=2)
    """
    beside = chunk[-1]
    if not isinstance(beside, Mapping):
        return Place()
    task, step = beside.get("langgraph_checkpoint_ns"), beside.get("langgraph_step")
    return Place(task if isinstance(task, str) else "", step if isinstance(step, int) else None)


def run_in(message: Any) -> str | None:
    """Give the id that LangChain gave to the call that a message is of.

    Ids of providers do not tell one call from another: OpenAI's Responses API has several in one
    call, and LangGraph gives each message that has none an id of its own.
    """
    found = getattr(message, "id", None)
    return found if isinstance(found, str) and found.startswith(_OWN_IDS) else None
