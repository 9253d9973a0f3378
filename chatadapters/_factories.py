"""The factories: one for each backend, each a thin call of `make_predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ._predict import make_predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._protocols import Predict


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
    api_key: str | Callable[[], str] | None = None,
    client: Any = None,
    async_client: Any = None,
    api: Literal["chat", "responses"] = "chat",
    **options: Any,
) -> Predict:
    """Make a predict of OpenAI, or of any server that speaks its API.

    Args:
        model: The model's name.
        base_url: The server, such as `http://127.0.0.1:8000/v1`; OpenAI by default.
        api_key: The key, or a callable that gives it; `OPENAI_API_KEY` by default.
        client: An `OpenAI` or `AzureOpenAI` client to use instead of one of ours.
        async_client: The same for the async twin.
        api: Chat Completions or the Responses API.
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
