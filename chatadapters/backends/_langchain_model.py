"""What is known about a LangChain model or chain: where it ends, what it takes, its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import MissingDependencyError, OptionError
from .._redact import header_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    return _is_language_model(_called(runnable))


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


def is_one_call(runnable: Runnable[Any, Any]) -> bool:
    """Say whether all output comes from a single call of one language model."""
    return all(map(_is_language_model, _sources(runnable)))


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


def _is_language_model(runnable: Runnable[Any, Any]) -> bool:
    from langchain_core.language_models import BaseLanguageModel

    return isinstance(runnable, BaseLanguageModel)


def _is_finishing(runnable: Runnable[Any, Any]) -> bool:
    names = {(cls.__module__.partition(".")[0], cls.__name__) for cls in type(runnable).__mro__}
    over_endpoint = type(getattr(runnable, "llm", None)).__name__ == "HuggingFaceEndpoint"
    if over_endpoint and ("langchain_huggingface", "ChatHuggingFace") in names:
        return True  # over a pipeline it gives no reason
    return not _FINISHING.isdisjoint(names)


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
                yield from header_secrets(item)
            yield from keys_of(item, depth - 1)
