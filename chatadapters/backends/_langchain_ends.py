"""Which LangChain models say why their streams end, and what gives the output of a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._langchain_model import is_language_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.runnables import Runnable

#: Classes of chat models whose streams end with a reason, by package; subclasses count too.
_FINISHING = frozenset(
    {
        ("langchain_anthropic", "ChatAnthropic"),
        ("langchain_aws", "ChatBedrockConverse"),
        ("langchain_cohere", "ChatCohere"),
        ("langchain_fireworks", "ChatFireworks"),
        ("langchain_google_genai", "ChatGoogleGenerativeAI"),
        ("langchain_google_vertexai", "ChatVertexAI"),
        ("langchain_groq", "ChatGroq"),
        ("langchain_mistralai", "ChatMistralAI"),
        ("langchain_ollama", "ChatOllama"),
        ("langchain_openai", "BaseChatOpenAI"),
    }
)
#: The same, as newer integrations name themselves in the metadata of what they send.
FINISHING_PROVIDERS = frozenset(
    {
        "anthropic",
        "azure",
        "bedrock_converse",
        "deepseek",
        "fireworks",
        "google_genai",
        "google_vertexai",
        "groq",
        "mistralai",
        "ollama",
        "openai",
        "xai",
    }
)


def is_one_call(runnable: Runnable[Any, Any]) -> bool:
    """Say whether all output comes from a single call of one language model."""
    return all(map(is_language_model, _sources(runnable)))


def says_why_it_ends(runnable: Runnable[Any, Any]) -> bool:
    """Say whether every complete stream of it has a reason for its end."""
    return all(map(_is_finishing, _sources(runnable)))


def _sources(runnable: Runnable[Any, Any]) -> Iterator[Runnable[Any, Any]]:
    """Give the runnables that may give the output, inside bindings, chains and fallbacks."""
    from langchain_core.runnables import RunnableSequence, RunnableWithFallbacks
    from langchain_core.runnables.base import RunnableBindingBase

    if isinstance(runnable, RunnableBindingBase):
        yield from _sources(runnable.bound)
    elif isinstance(runnable, RunnableSequence):
        yield from _sources(runnable.last)
    elif isinstance(runnable, RunnableWithFallbacks):
        for each in runnable.runnables:
            yield from _sources(each)
    else:
        yield runnable


def _is_finishing(runnable: Runnable[Any, Any]) -> bool:
    names = {(cls.__module__.partition(".")[0], cls.__name__) for cls in type(runnable).__mro__}
    over_endpoint = type(getattr(runnable, "llm", None)).__name__ == "HuggingFaceEndpoint"
    if over_endpoint and ("langchain_huggingface", "ChatHuggingFace") in names:
        return True  # over a pipeline it gives no reason
    return not _FINISHING.isdisjoint(names)
