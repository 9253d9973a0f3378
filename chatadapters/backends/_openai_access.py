"""How the openai backend asks: with which client and key, and the bytes that come back."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._abort import AbortableStream
from .._checks import NOT_CARRIED
from .._errors import OptionError
from .._http import body_of
from .._pour import PouredStream
from ._addresses import check_url
from ._given_keys import afetched, fetched
from ._openai_clients import Lent, keeps_deadlines, load_sdk, openai_sdk
from ._openai_requests import Request, answer, async_answer
from ._openai_sdk_errors import broken, say_what_came, sdk_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from .._abort import Hangup
    from .._clients import Clients
    from .._policies import Timeout
    from ._given_keys import Key
    from ._openai_clients import Kept
    from ._openai_options import Api
    from ._sent_keys import SentKeys

_NO_KEY = "not-needed"


class Access(NamedTuple):
    """Where and as whom a backend asks.

    Attributes:
        api: `"chat"` or `"responses"`.
        client: The SDK's client that was lent for sync replies, or None.
        async_client: The same for async ones.
        lent: Whether one of them was.
        clients: Those of ours.
        base_url: As the backend has it.
        asked_url: The base URL that was chosen, also by the environment; None for OpenAI's own.
        api_key: As the backend has it.
        sent: Takes down the keys that are sent.
    """

    api: Api
    client: Any
    async_client: Any
    lent: bool
    clients: Clients[Any, Any]
    base_url: str | None
    asked_url: str | None
    api_key: Key
    sent: SentKeys

    def __repr__(self) -> str:
        return "Access(...)"  # a key may be in it

    def stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream:
        """Give the stream of an answer, which sends the payload with its first read."""
        return AbortableStream(partial(self._read, payload, timeout))

    def timed_stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream | None:
        """Give the same stream where its connection is ours, which keeps deadlines."""
        ours = not self.lent and keeps_deadlines()
        return self.stream(payload, timeout) if ours else None

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> PouredStream:
        """Give the stream of an answer; the async twin of `stream`."""
        return PouredStream(partial(self._answer, payload, timeout))

    def _read(
        self, payload: Mapping[str, Any], timeout: Timeout, hangup: Hangup
    ) -> Generator[bytes, None, None]:
        try:
            with self._loan() as http:
                client, heads = http.sdk(self._settings(fetched("api_key", self.api_key)))
                with answer(Request(client, heads, self.api, payload, timeout)) as response:
                    hangup.answered(response)
                    try:
                        yield from body_of(response)
                    except broken() as error:
                        raise sdk_error(error, response.request) from error
        except openai_sdk().APIStatusError as error:
            say_what_came(error, self.asked_url)
            raise

    @asynccontextmanager
    async def _answer(
        self, payload: Mapping[str, Any], timeout: Timeout
    ) -> AsyncGenerator[Any, None]:
        await load_sdk()
        try:
            async with self._async_loan() as http:
                client, heads = http.sdk(self._settings(await afetched("api_key", self.api_key)))
                asked = Request(client, heads, self.api, payload, timeout)
                async with async_answer(asked) as response:
                    try:
                        yield response
                    except broken() as error:
                        raise sdk_error(error, response.request) from error
        except openai_sdk().APIStatusError as error:
            say_what_came(error, self.asked_url)
            raise

    def _loan(self) -> AbstractContextManager[Kept | Lent]:
        if self.client is not None:
            return nullcontext(Lent(self.client))
        if self.async_client is not None:
            raise OptionError("async_client= serves predict.aio only: give client=OpenAI(...) too")
        return self.clients.sync()

    def _async_loan(self) -> AbstractAsyncContextManager[Kept | Lent]:
        if self.async_client is not None:
            return nullcontext(Lent(self.async_client))
        if self.client is not None:
            raise OptionError(
                "client= serves sync replies only: give async_client=AsyncOpenAI(...) too"
            )
        return self.clients.aio()

    def _settings(self, given: str | None) -> dict[str, Any]:
        """Give the SDK client's settings; what a lent client has of its own is left alone."""
        settings: dict[str, Any] = {"max_retries": 0}
        if self.base_url:
            settings["base_url"] = self.base_url
        elif not self.lent and (url := os.environ.get("OPENAI_BASE_URL")):
            check_url("OPENAI_BASE_URL", url, query=False)
        if self.api_key or not self.lent:
            settings["api_key"] = self._key(given)
        return settings

    def _key(self, given: str | None) -> str:
        key = (given or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not key and (self.base_url or os.environ.get("OPENAI_BASE_URL")):
            return _NO_KEY  # local servers need none, the SDK wants one
        if not key:
            raise OptionError('no API key: set OPENAI_API_KEY, or give api_key="..."')
        if not self.sent.note(key):
            del given, key  # a traceback may show the values of variables
            raise OptionError(f"api_key {NOT_CARRIED}")
        return key
