"""One request for a reply, from its body to the last byte that its client is sent."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from logging import getLogger
from typing import TYPE_CHECKING, Any

from .._explain import explain
from ._answer import Answer
from ._errors import RefusedError, is_ours
from ._guard import check_caller, read_body, unless_gone
from ._json import read_json
from ._out import GoneError, Out
from ._request import read_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from .._protocols import Predict
    from ._guard import Rules
    from ._request import Asked

_log = getLogger("chatadapters.server")
#: Clients choose the names of fields, so there is no end of them.
_MOST_TOLD = 100


class Replies:
    """The ASGI app of one route that gives replies.

    Args:
        predicts: Who answers, by model name.
        rules: Who may ask, and how much.
        chat: Whether it is the chat route, and not the one of raw completions.
    """

    def __init__(self, predicts: Mapping[str, Predict], rules: Rules, *, chat: bool) -> None:
        self._predicts, self._rules, self._chat = predicts, rules, chat
        self._told: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import ClientDisconnect, Request

        out = Out(send, "messages" if self._chat else "prompt")
        try:
            await self._answer(Request(scope, receive), out)
        except (ClientDisconnect, GoneError) as error:  # nobody reads an answer any more
            _log.info("a client went away: %s", type(error).__name__)
        except asyncio.CancelledError:  # the server ends; what is cancelled has ended below
            await out.fail(RefusedError(503, "the server is shutting down", "overloaded_error"))
        except Exception as error:  # whatever goes wrong is told in OpenAI's form
            if is_ours(error):
                _log.warning("a reply failed: %s", explain(error))
            await out.fail(error)

    async def _answer(self, request: Request, out: Out) -> None:
        rules = self._rules
        check_caller(request, rules.api_keys, rules.cors_origins)
        with rules.gate.passing():
            # No name for the body: it would be kept for as long as the reply takes.
            asked = read_request(
                read_json(await read_body(request, rules.max_body)),
                self._predicts,
                chat=self._chat,
            )
            self._tell_left_out(asked)
            reply = _stream if asked.stream else _whole
            await unless_gone(request.receive, reply(asked, out))

    def _tell_left_out(self, asked: Asked) -> None:
        """Log each field without effect once for a model, so that none is left out in silence."""
        for name in asked.left_out:
            pair = asked.model, name
            if pair not in self._told and len(self._told) < _MOST_TOLD:
                self._told.add(pair)
                _log.warning("model %r has no option %.80r: requests are answered without", *pair)


async def _whole(asked: Asked, out: Out) -> None:
    reply = await asked.predict.complete(asked.message, asked.history)
    await out.whole(Answer(asked).whole(reply))


async def _stream(asked: Asked, out: Out) -> None:
    answer = Answer(asked)
    events: Any = asked.predict.events(asked.message, asked.history)
    async with aclosing(events), out.kept_alive():
        async for event in events:
            for chunk in answer.feed(event):
                await out.event(chunk)
    await out.done()
