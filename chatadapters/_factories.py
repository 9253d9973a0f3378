"""The factories: one for each backend, each a thin call of `make_predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ._policies import Retry
from ._predict import make_predict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.runnables import Runnable, RunnableConfig

    from ._protocols import Predict
    from .backends._chat_resume import ResumeAs
    from .backends._given_keys import Key
    from .templates import DialogueTemplate


def echo_predict(*, delay: float = 0.0, **options: Any) -> Predict:
    """Make a predict that answers with the message itself.

    Args:
        delay: Seconds between two letters.
        **options: As in `make_predict`.

    Returns:
        The predict function.

    Example:
        >>> echo_predict().complete("hello").text
        'hello'
    """
    from .backends.echo import EchoBackend

    return make_predict(EchoBackend(delay=delay), **options)


def openai_predict(
    model: str,
    *,
    base_url: str | None = None,
    api_key: Key = None,
    client: Any = None,
    async_client: Any = None,
    api: Literal["chat", "responses"] = "chat",
    resume_as: ResumeAs | None = None,
    **options: Any,
) -> Predict:
    """Make a predict of OpenAI, or of any server that speaks its API.

    Args:
        model: The model's name.
        base_url: The server, such as `http://127.0.0.1:8000/v1`; OpenAI by default.
        api_key: The key, or a callable that gives it, an async one for async replies;
            `OPENAI_API_KEY` by default.
        client: An `OpenAI` or `AzureOpenAI` client to use instead of one of ours.
        async_client: The same for the async twin.
        api: Chat Completions or the Responses API.
        resume_as: The kind of server, if a reply that breaks is to go on where it broke:
            `"vllm"`, `"sglang"`, `"tgi"`, `"llama.cpp"`, `"deepseek"` (below `/beta`),
            `"mistral"`, `"kimi"` or `"qwen"`; by default it begins again, as it must at OpenAI
            and Azure.
        **options: As in `make_predict`, and the request options of the API, such as
            `temperature=0.2`; what the API does not know goes into `extra_body={...}`.

    Returns:
        The predict function.

    Example:
        >>> predict = openai_predict("gpt-4o-mini", system="Be brief.", temperature=0)
        >>> predict.build("Hi")["messages"]
        [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]
    """
    from .backends.openai import OpenAIBackend

    backend = OpenAIBackend(
        model=model,
        base_url=base_url,
        api_key=api_key,
        client=client,
        async_client=async_client,
        api=api,
        resume_as=resume_as,
    )
    return make_predict(backend, **options)


def langchain_predict(
    model: Runnable[Any, Any] | str,
    *,
    input_key: str | None = None,
    config: RunnableConfig | None = None,
    **options: Any,
) -> Predict:
    """Make a predict of a LangChain chat model, a chain or a LangGraph graph.

    A ready-made model keeps its own retries, which would multiply with ours, so that there is one
    attempt unless `retry` says otherwise; give `Retry()` to a model with `max_retries=0`.

    A reply is complete when the model gave a finish reason, where its class is known to give
    one (`ends_with="close"` if its server gives none). Elsewhere, as with a chain that ends in
    a function, a reply that was cut cannot be told from a whole one, and its finish reason is
    `"unknown"`.

    Args:
        model: A chat model, a `Runnable` that takes a list of messages and gives messages or
            text, a compiled graph, or `"provider:model"` for LangChain's `init_chat_model`,
            whose keys come from the environment. A chain that takes something else begins with
            a function of the messages: `(lambda messages: messages[-1].content) | chain`; one
            that gives dicts ends with `.pick("answer")`. A graph that remembers the
            conversation itself wants `window=Window(turns=1)`.
        input_key: The key under which the messages are passed, for chains that take a dict;
            graphs get them under `"messages"` by default.
        config: A `RunnableConfig`.
        **options: As in `make_predict`; `callbacks`, `tags` and `metadata` of the config; and
            keywords of the call, such as `temperature=0.2`, where the model takes them. A
            chain passes keywords to its first step only: bind them to the model there.

    Returns:
        The predict function.

    Example:
        >>> from langchain_core.language_models import FakeListChatModel
        >>> predict = langchain_predict(FakeListChatModel(responses=["Hello!"]), system="Be kind.")
        >>> predict.complete("Hi").text
        'Hello!'
        >>> [message.content for message in predict.build("Hi")["input"]]
        ['Be kind.', 'Hi']
    """
    from .backends.langchain import LangChainBackend

    if not isinstance(model, str):
        options.setdefault("retry", Retry(attempts=1))
    backend = LangChainBackend(model, input_key=input_key, config=config)
    return make_predict(backend, **options)


def huggingface_predict(
    model: str | None = None,
    *,
    provider: str | None = None,
    base_url: str | None = None,
    token: Key = None,
    client: Any = None,
    task: Literal["chat", "text-generation"] = "chat",
    template: DialogueTemplate | str | None = None,
    resume_as: ResumeAs | None = None,
    **options: Any,
) -> Predict:
    """Make a predict of a model at Hugging Face: by its router, at an endpoint, or behind TGI.

    Args:
        model: The model on the hub.
        provider: Who runs it, such as `"groq"` or `"cheapest"`; by default the router decides.
        base_url: A server of its own, such as an inference endpoint.
        token: The access token, or a callable that gives it, an async one for async replies;
            by default the saved one (`HF_TOKEN`, `hf auth login`), which goes to Hugging Face's
            own addresses only.
        client: An `InferenceClient` or `AsyncInferenceClient` that lends its model, address,
            provider, token and headers.
        task: `"chat"`, or `"text-generation"` for a TGI server that is sent a prompt.
        template: The chat template for `"text-generation"`, or the name of one; by default
            that of the model, which the first message downloads.
        resume_as: The kind of chat server, such as `"tgi"`, if a reply that breaks is to go on
            where it broke, as in `openai_predict`; a prompt's reply always does.
        **options: As in `make_predict`; the fields of `HuggingFaceBackend`; and request
            options: of chat completions, such as `temperature` and `max_tokens`, or TGI's.

    Returns:
        The predict function.

    Example:
        >>> predict = huggingface_predict("openai/gpt-oss-20b", provider="groq", max_tokens=64)
        >>> predict.build("Hi")["model"]
        'openai/gpt-oss-20b:groq'
    """
    from .backends.huggingface import HuggingFaceBackend

    backend = HuggingFaceBackend(
        model,
        provider,
        base_url,
        client,
        task=task,
        template=template,
        token=token,
        resume_as=resume_as,
    )
    return make_predict(backend, **options)


def local_predict(model: str = "smollm2", **options: Any) -> Predict:
    """Make a predict of a model that runs in this process: no server, no key.

    Args:
        model: `"smollm2"` (SmolLM2-135M-Instruct), or the path of a GGUF file.
        **options: As in `make_predict`, the fields of `LocalBackend` (`n_ctx`, `n_threads`,
            `template`, ...), and sampling options such as `temperature` and `max_tokens`.

    Returns:
        The predict function.

    Example:
        >>> predict = local_predict(temperature=0, max_tokens=8)
        >>> predict.complete("Say hi.").finish_reason in ("stop", "length")
        True
    """
    from .backends.local import LocalBackend

    return make_predict(LocalBackend(model), **options)


def text_generation_predict(
    base_url: str,
    *,
    template: DialogueTemplate | str = "starchat",
    token: Key = None,
    headers: Mapping[str, str] | None = None,
    wire: Literal["tgi", "completions"] = "tgi",
    model: str | None = None,
    **options: Any,
) -> Predict:
    """Make a predict of a model behind a text-generation server, with a chat template.

    Args:
        base_url: The server's address; with `wire="completions"` it usually ends in `/v1`.
        template: The model's chat template, or the name of one, as `get_template` takes it.
        token: The server's access token, or a callable that gives it, an async one for async
            replies.
        headers: More headers for every request.
        wire: `"tgi"` for Text Generation Inference, or `"completions"` for the raw completions
            of OpenAI's API, as vLLM, llama.cpp and others have them.
        model: The model's name, for servers of raw completions that have several.
        **options: As in `make_predict`; the fields of `TextGenerationBackend`
            (`stop_sequences`, `escape`, ...); and parameters of the request: TGI's
            `temperature`, `max_new_tokens`, `top_p`, `top_k`, `repetition_penalty`,
            `do_sample`, `truncate`, `seed` and so on, or those of raw completions. Say
            `max_new_tokens`: without it some servers stop after 20 tokens.

    Returns:
        The predict function.

    Example:
        >>> predict = text_generation_predict("http://127.0.0.1:8080", max_new_tokens=256)
        >>> print(predict.build("Hi")["inputs"])
        <|system|>
        <|end|>
        <|user|>
        Hi<|end|>
        <|assistant|>
        <BLANKLINE>
    """
    from .backends.text_generation import TextGenerationBackend

    backend = TextGenerationBackend(
        base_url, model, template, wire=wire, token=token, headers=headers
    )
    return make_predict(backend, **options)
