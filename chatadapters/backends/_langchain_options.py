"""What a LangChain runnable makes of the keywords of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from ._langchain_model import is_language_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.runnables import Runnable


def is_graph(runnable: Runnable[Any, Any]) -> bool:
    """Say whether this is a compiled LangGraph graph, or bindings around one."""
    from langchain_core.runnables.base import RunnableBindingBase

    if isinstance(runnable, RunnableBindingBase):
        return is_graph(runnable.bound)
    return any(
        cls.__name__ == "Pregel" and cls.__module__.startswith("langgraph.")
        for cls in type(runnable).__mro__
    )


def takes_stop(runnable: Runnable[Any, Any]) -> bool:
    """Say whether a language model gets the keywords of a call, and with them `stop`."""
    return is_language_model(_called(runnable))


def check_options(runnable: Runnable[Any, Any], options: Mapping[str, Any]) -> None:
    """Check that no option gets lost: graphs, prompts and the like ignore keywords.

    Raises:
        OptionError: One would; the text names it and says where it belongs.
    """
    from inspect import signature

    from langchain_core.prompts import BasePromptTemplate
    from langchain_core.runnables import RunnableAssign, RunnableParallel, RunnablePassthrough

    target = _called(runnable)
    deaf = BasePromptTemplate, RunnableAssign, RunnableParallel, RunnablePassthrough
    if not is_graph(target) and not isinstance(target, deaf):
        return
    known = signature(target.stream).parameters if is_graph(target) else {}
    for name in options.keys() - known.keys() - {"stop"}:
        raise OptionError(
            f"{name!r} would be ignored by {type(target).__name__}, which gets the keywords of a "
            f"call: set it on the model inside, as with `model.bind({name}=...)`"
        )


def _called(runnable: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """Give the runnable that gets the keywords of a call: of a chain, its first step."""
    from langchain_core.runnables import RunnableSequence, RunnableWithFallbacks
    from langchain_core.runnables.base import RunnableBindingBase

    while True:
        if isinstance(runnable, RunnableBindingBase):
            runnable = runnable.bound
        elif isinstance(runnable, RunnableSequence):
            runnable = runnable.first
        elif isinstance(runnable, RunnableWithFallbacks):
            runnable = runnable.runnable
        else:
            return runnable
