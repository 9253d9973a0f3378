"""A real OpenAI-compatible server on the embedded model, for tests of chat clients."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..backends._llama import LlamaConfig, LlamaServer

if TYPE_CHECKING:
    from collections.abc import Generator


class ModelServer:
    """A running server: chat completions, raw completions, Responses, all streaming.

    It computes one request at a time in one thread, and the same request gets the same answer
    unless it asks for sampling (`temperature` above 0).

    Args:
        model: `"smollm2"`, or the path of a GGUF file.
        api_key: What requests must carry; by default they need no key.

    Attributes:
        base_url: What clients call `base_url`; it ends in `/v1`.
        model: The model's name.

    Example:
        >>> server = ModelServer()
        >>> server.base_url.endswith("/v1")
        True
        >>> server.stop()
    """

    def __init__(self, model: str = "smollm2", *, api_key: str = "") -> None:
        config = LlamaConfig(model, n_ctx=2048, n_threads=1, n_parallel=1, greedy=True)
        self._server = LlamaServer(config, key=api_key)
        self.base_url = f"{self._server.url}/v1"
        self.model = self._server.model

    @property
    def busy(self) -> bool:
        """Whether a reply is being computed."""
        return self._server.is_busy()

    def stop(self) -> None:
        """Stop it, within a second or two if a reply is being computed."""
        self._server.close()


@contextmanager
def model_server(
    model: str = "smollm2", *, api_key: str = ""
) -> Generator[ModelServer, None, None]:
    """Run a server; it is ready within a second.

    Args:
        model: `"smollm2"`, or the path of a GGUF file.
        api_key: What requests must carry; by default they need no key.

    Yields:
        The server.

    Example:
        >>> from chatadapters import openai_predict
        >>> with model_server() as server:
        ...     predict = openai_predict(server.model, base_url=server.base_url, max_tokens=8)
        ...     reply = predict.complete("Say hello.")
        >>> reply.text.startswith("Hello")
        True
    """
    server = ModelServer(model, api_key=api_key)
    try:
        yield server
    finally:
        server.stop()
