"""A LangChain model as it is used here: made of a string, without its parser; its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import MissingDependencyError
from .._redact import named_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.runnables import Runnable


def made(name: str) -> Runnable[Any, Any]:
    """Make the chat model of a `"provider:model"` string; its own retries are off.

    Raises:
        MissingDependencyError: `langchain` or the provider's package is not installed.
    """
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingDependencyError(
            f"langchain is not installed, which makes the model of {name!r}: "
            "pip install langchain (and the provider's package, such as langchain-openai)",
            name="langchain",
        ) from error
    try:
        model: Runnable[Any, Any] = init_chat_model(name, max_retries=0)
    except ImportError as error:
        raise MissingDependencyError(str(error), name=error.name) from error
    return model


def is_language_model(runnable: Runnable[Any, Any]) -> bool:
    """Say whether this is a chat model or an older text model."""
    from langchain_core.language_models import BaseLanguageModel

    return isinstance(runnable, BaseLanguageModel)


def without_parser(runnable: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """Give a chain without the `StrOutputParser` that it ends with.

    The parser gives the text of the messages, as our reader does, but drops the finish reason,
    by which alone a whole reply can be told from one that was cut.
    """
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.runnables import RunnableSequence
    from langchain_core.runnables.base import RunnableBindingBase

    if isinstance(runnable, RunnableBindingBase):
        bound = without_parser(runnable.bound)
        same = bound is runnable.bound
        return runnable if same else runnable.model_copy(update={"bound": bound})
    if not isinstance(runnable, RunnableSequence) or type(runnable.last) is not StrOutputParser:
        return runnable
    first, *others = runnable.steps[:-1]
    return RunnableSequence(first, *others, name=runnable.name) if others else first


def keys_of(value: object, depth: int = 8) -> Iterator[str]:
    """Give the keys that a model, or the models in a chain, hold."""
    from langchain_core.runnables import Runnable

    if not depth:
        return
    if callable(secret := getattr(value, "get_secret_value", None)):
        yield str(secret())
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from keys_of(item, depth - 1)
    elif isinstance(value, (dict, Runnable)):
        named = value if isinstance(value, dict) else vars(value)
        for name, item in named.items():
            if isinstance(item, str) and str(name).endswith(("api_key", "api_token")):
                yield item
            elif str(name).endswith("headers"):
                yield from named_secrets(item)
            yield from keys_of(item, depth - 1)
