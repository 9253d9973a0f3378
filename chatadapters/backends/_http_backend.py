"""What the backends share that speak their wire themselves: one POST, its token, its bytes.

What a message needs is imported by the first one, so that a predict is made in a moment.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .._backend import Backend
from .._checks import NOT_CARRIED, check_headers
from .._errors import OptionError
from .._http_clients import http_clients
from ._addresses import password_in, without_secrets
from ._sent_keys import SentKeys, check_key

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from .._abort import AbortableStream, Hangup
    from .._clients import Clients
    from .._http_errors import HTTPStatusError
    from .._policies import Timeout
    from .._post import Post
    from .._pour import PouredStream
    from ._given_keys import Key

_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, init=False, repr=False, eq=False, kw_only=True)  # subclasses write these
class HTTPBackend(Backend):
    """A backend that posts its payload as JSON and yields the bytes of the answer.

    A subclass gives the address in `_url`, and may find a token that was not given, in
    `_found_token`, and say more about an HTTP error, in `_hint` and `_told`.

    Attributes:
        token: Sent as `Authorization: Bearer ...`: a string, which pickles leave out, or a
            callable that gives one for each request; an async one serves async replies.
        headers: More headers for every request.
    """

    token: Key = None
    headers: Mapping[str, str] | None = None
    _clients: Clients[Any, Any] = field(default_factory=http_clients, compare=False)
    _sent: SentKeys = field(default_factory=SentKeys, init=False, compare=False)

    #: The fields that the repr shows when they are set.
    _shown: ClassVar[tuple[str, ...]] = ()

    def _check_own(self) -> None:
        """Check the fields that all of these backends have."""
        check_key("token", self.token)
        check_headers("headers", self.headers)

    def _url(self) -> str:
        raise NotImplementedError  # each provider has its own

    def _found_token(self) -> str | None:
        return None

    def _finding_takes_long(self) -> bool:
        """Say whether finding a token that was not given may take a while."""
        return False

    def _hint(self, status: int) -> str:
        return "is the token right? It is given as token=" if status in _REFUSED else ""

    def _told(self, error: HTTPStatusError) -> Exception:
        return error

    def stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream:
        """Send the payload and yield the bytes that come; `abort()` ends it at any moment."""
        from .._abort import AbortableStream

        return AbortableStream(partial(self._read, payload, timeout))

    def timed_stream(self, payload: Mapping[str, Any], timeout: Timeout) -> AbortableStream:
        """Give the same stream, which keeps deadlines."""
        return self.stream(payload, timeout)

    def _read(
        self, payload: Mapping[str, Any], timeout: Timeout, _hangup: Hangup
    ) -> Generator[bytes, None, None]:
        from .._http import post_blocks
        from ._given_keys import fetched

        given = None if self._has_authorization() else fetched("token", self.token)
        post = self._post(payload, given)
        with self._telling():
            yield from post_blocks(self._clients.sync(), post, timeout)

    def astream(self, payload: Mapping[str, Any], timeout: Timeout) -> PouredStream:
        """Send the payload and yield the bytes that come; the async twin of `stream`."""
        from .._pour import PouredStream

        return PouredStream(partial(self._answer, payload, timeout))

    @asynccontextmanager
    async def _answer(
        self, payload: Mapping[str, Any], timeout: Timeout
    ) -> AsyncGenerator[Any, None]:
        from .._http import apost
        from ._given_keys import afetched

        given = None if self._has_authorization() else await afetched("token", self.token)
        if self._finding_takes_long():
            from asyncio import to_thread

            post = await to_thread(self._post, payload, given)
        else:
            post = self._post(payload, given)
        with self._telling():
            async with apost(self._clients.aio(), post, timeout) as response:
                yield response

    @contextmanager
    def _telling(self) -> Generator[None, None, None]:
        from .._http_errors import HTTPStatusError

        try:
            yield
        except HTTPStatusError as error:
            hint = self._hint(error.status_code)
            message = f"{error.message}; {hint}" if hint else error.message
            told = HTTPStatusError(message, error.status_code, error.headers, error.body)
            raise self._told(told) from None

    def _post(self, payload: Mapping[str, Any], given: str | None) -> Post:
        from .._post import Post

        return Post(self._url(), payload, self._all_headers(given))

    def _has_authorization(self) -> bool:
        return "authorization" in map(str.lower, self._headers())

    def _all_headers(self, given: str | None) -> Mapping[str, str]:
        if self._has_authorization():
            return self._headers()
        return {**self._authorization(given), **self._headers()}

    def _headers(self) -> Mapping[str, str]:
        return self.headers or {}

    def _authorization(self, given: str | None) -> dict[str, str]:
        token = (given or self._found_token() or "").strip()
        if not token:
            return {}
        if not self._sent.note(token):
            del given, token  # a traceback may show the values of variables
            raise OptionError(f"token {NOT_CARRIED}")
        return {"Authorization": f"Bearer {token}"}

    def secrets(self) -> Sequence[str]:
        """Give the tokens in use, the keys among the headers, and passwords in addresses."""
        own = self.token.strip() if isinstance(self.token, str) else ""
        passwords = [password_in(getattr(self, name)) for name in self._shown]
        found = (own, *self._sent, *_keys(self._headers()), *passwords)
        return [secret for secret in found if secret]

    def close(self) -> None:
        """Close the clients this backend made; the next message makes new ones."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the clients this backend made for the running event loop."""
        await self._clients.aclose()

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in self._shown}
        shown = (f"{name}={without_secrets(value)!r}" for name, value in given.items() if value)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        if _keys(self._headers()):
            raise TypeError(
                "a backend with a key among its headers= cannot be pickled: give the key as "
                "token=, or leave it to the environment"
            )
        # What is made at first use stays behind.
        state = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**state, "token": None if isinstance(self.token, str) else self.token}


def _keys(headers: Mapping[str, str]) -> list[str]:
    from .._post import Post

    return Post("", {}, headers).secrets()
