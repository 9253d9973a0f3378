"""The types of what a factory returns, for type checkers and readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from ._backend import Backend
    from ._events import Event, Reply


class Predict(Protocol):
    """A generator function `(message, history=None, *extra)` and its other views.

    Every view takes the same arguments: the message and the history in any shape that
    `normalize` reads, and then the values of `additional_inputs` in their order.

    Attributes:
        aio: The async twin, with the same views.
        backend: The backend; it holds configuration only.

    Example:
        >>> from chatadapters import echo_predict
        >>> predict: Predict = echo_predict()
        >>> list(predict.deltas("hello"))
        ['hello']
    """

    aio: AsyncPredict
    backend: Backend

    def __call__(
        self, message: Any, history: Any = None, *extra: Any
    ) -> Generator[str, None, None]:
        """Yield the reply so far; each value replaces the last, at least one comes.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            The reply so far, a string.
        """
        ...

    def deltas(self, message: Any, history: Any = None, *extra: Any) -> Generator[str, None, None]:
        """Yield only what is new, never an empty string.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            The new text, a string.
        """
        ...

    def events(
        self, message: Any, history: Any = None, *extra: Any
    ) -> Generator[Event, None, None]:
        """Yield what happens as typed events, the last one a `Finish`.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            `Text`, `Reasoning`, `RetryScheduled`, `Restarted`, `Trimmed`, `Finish`.
        """
        ...

    def complete(self, message: Any, history: Any = None, *extra: Any) -> Reply:
        """Return the whole reply.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Returns:
            The reply.

        Raises:
            Exception: Why it failed: a `StreamError`, or the provider's own error.
        """
        ...

    def build(self, message: Any, history: Any = None, *extra: Any) -> Any:
        """Return exactly what would be sent, without network and without a client.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Returns:
            What the backend sends, such as the keyword dict of an SDK's method.
        """
        ...

    def using(self, **changes: Any) -> Predict:
        """Return a new predict with other options.

        Args:
            **changes: Options of the factory or of the provider.

        Returns:
            The new one; this one stays as it is.
        """
        ...

    def close(self) -> None:
        """Close the clients that were made; the next message makes new ones."""
        ...


class AsyncPredict(Protocol):
    """An async generator function `(message, history=None, *extra)` and its other views.

    Each view is the async twin of the one of the same name in `Predict`.

    Attributes:
        backend: The backend; it holds configuration only.

    Example:
        >>> import asyncio
        >>> from chatadapters import echo_predict
        >>> asyncio.run(echo_predict().aio.complete("hello")).text
        'hello'
    """

    backend: Backend

    def __call__(self, message: Any, history: Any = None, *extra: Any) -> AsyncGenerator[str, None]:
        """Yield the reply so far; each value replaces the last, at least one comes.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            The reply so far, a string.
        """
        ...

    def deltas(self, message: Any, history: Any = None, *extra: Any) -> AsyncGenerator[str, None]:
        """Yield only what is new, never an empty string.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            The new text, a string.
        """
        ...

    def events(self, message: Any, history: Any = None, *extra: Any) -> AsyncGenerator[Event, None]:
        """Yield what happens as typed events, the last one a `Finish`.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Yields:
            `Text`, `Reasoning`, `RetryScheduled`, `Restarted`, `Trimmed`, `Finish`.
        """
        ...

    async def complete(self, message: Any, history: Any = None, *extra: Any) -> Reply:
        """Return the whole reply.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Returns:
            The reply.

        Raises:
            Exception: Why it failed: a `StreamError`, or the provider's own error.
        """
        ...

    def build(self, message: Any, history: Any = None, *extra: Any) -> Any:
        """Return exactly what would be sent, without network and without a client.

        Args:
            message: What the user says: a string, a dict with `text` and `files`, parts.
            history: What was said before, in any shape that `normalize` reads.
            *extra: The values of `additional_inputs`, in their order.

        Returns:
            What the backend sends, such as the keyword dict of an SDK's method.
        """
        ...

    def using(self, **changes: Any) -> AsyncPredict:
        """Return a new async predict with other options.

        Args:
            **changes: Options of the factory or of the provider.

        Returns:
            The new one; this one stays as it is.
        """
        ...

    async def close(self) -> None:
        """Close the clients made for the running event loop."""
        ...
