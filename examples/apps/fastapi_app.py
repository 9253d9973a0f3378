"""FastAPI, by server-sent events and by WebSocket: `uvicorn fastapi_app:app`. No key.

Needs `pip install fastapi "uvicorn[standard]"`; a plain uvicorn answers a WebSocket with 404.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chatadapters import local_predict
from chatadapters.ui import explain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

app = FastAPI()
predict = local_predict(system="Give short, clear answers in English.", temperature=0)


class Question(BaseModel):
    """A message, and the turns before it."""

    message: str
    history: list[dict[str, str]] = []


async def answer(message: str, history: list[dict[str, str]]) -> AsyncGenerator[dict[str, str]]:
    """Give each new piece of an answer, or what went wrong."""
    try:
        async for delta in predict.aio.deltas(message, history):
            yield {"delta": delta}
    except Exception as error:  # any provider's own; the status is sent already
        yield {"error": explain(error)}


@app.post("/chat")
async def chat(question: Question) -> StreamingResponse:
    """Answer with server-sent events; a client that leaves ends the model's work."""

    async def events() -> AsyncGenerator[str]:
        async for piece in answer(question.message, question.history):
            yield f"data: {json.dumps(piece)}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@app.websocket("/talk")
async def talk(socket: WebSocket) -> None:
    """Keep one conversation for each connection."""
    await socket.accept()
    history: list[dict[str, Any]] = []
    try:
        while True:
            message = await socket.receive_text()
            reply, piece = "", {}
            async with aclosing(answer(message, history)) as pieces:
                async for piece in pieces:
                    reply += piece.get("delta", "")
                    await socket.send_json(piece)
            await socket.send_json({"done": True})
            if "error" not in piece:  # what failed is no part of the conversation
                history += [{"role": "user", "content": message}]
                history += [{"role": "assistant", "content": reply}]
    except WebSocketDisconnect:
        pass
