"""The Responses wire: input items as its requests carry them, and the reader of its streams."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._content import repaired, text_of
from .._errors import MalformedStreamError
from .._events import Finish
from .._json import TypedDecoder
from .._parts import FilePart, ImagePart, TextPart
from ._finish_reason import finish_reason
from ._openai_chat import content_for
from ._tool_calls import function_call
from ._tool_messages import tool_items
from ._wire_errors import reported
from ._wire_reader import EVENT_LIMIT, WireReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._parts import Message, Part
    from ._openai_types import Item, Response, ResponseEvent

_NAME = "openai (api='responses')"


def response_input(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Give a conversation as the `input` of a Responses request.

    System texts stay messages of role `system` in their places, so `instructions` is free for
    the caller.

    Args:
        conversation: Messages as `normalize` gives them.

    Returns:
        One dict for each message, tool call and result; text stays a string, with other parts
        it becomes a list.

    Raises:
        UnsupportedContentError: A role or a part that this wire cannot carry.

    Example:
        >>> from chatadapters import Message
        >>> response_input([Message("user", "Hi")])
        [{'role': 'user', 'content': 'Hi'}]
    """
    return [
        item
        for role, content in conversation
        for item in tool_items(role, content)
        or [{"role": role, "content": content_for(role, content, _NAME, _part)}]
    ]


def _part(part: Part) -> dict[str, Any] | None:
    match part:
        case TextPart():
            return {"type": "input_text", "text": text_of((part,))}
        case ImagePart():
            return {"type": "input_image", "image_url": part.url, "detail": "auto"}
        case FilePart():
            name = part.name or "file"
            return {"type": "input_file", "filename": name, "file_data": part.url}
        case _:
            return None


@cache
def _decoders() -> tuple[TypedDecoder[ResponseEvent], TypedDecoder[Response]]:
    from ._openai_types import Response, ResponseEvent

    return TypedDecoder(ResponseEvent), TypedDecoder(Response)


class ResponsesReader(WireReader):
    r"""Reads the answer to a Responses request.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        leaks: Whether control tokens at the end of the answer are dropped.
        limit: Most bytes of one event.

    Example:
        >>> event = b'{"type": "response.output_text.delta", "delta": "Hi"}'
        >>> ResponsesReader().feed(b"data: " + event + b"\n\n")
        [Text(delta='Hi')]
    """

    def __init__(
        self, *, cumulative: bool = False, leaks: bool = False, limit: int = EVENT_LIMIT
    ) -> None:
        super().__init__(cumulative=cumulative, leaks=leaks, limit=limit)
        self._decode = _decoders()[0].decode
        self._calls: list[dict[str, Any]] = []
        self._refused = self._drew = False
        self._told: set[int | None] = set()  # the places of the items whose text came
        self._telling = False  # whether any came since a message was whole

    def _event(self, data: bytes) -> None:
        event = self._decode(data)
        match event.type:
            case "response.output_text.delta":
                self._text(_piece(event), event.output_index)
            case "response.refusal.delta":
                self._refused = True
                self._text(_piece(event), event.output_index)
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                self._out.reasoning(_piece(event))
            case "response.reasoning_summary_part.added" if event.summary_index:
                self._out.reasoning("\n\n")  # the parts come without anything between them
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._out.progress += len(_piece(event))
            case "response.image_generation_call.partial_image":
                self._out.progress += 1
            case "response.output_item.done" if event.item is not None:
                self._done(event.item, event.output_index)
            case "response.completed" | "response.incomplete" | "response.failed":
                self._end(event.response, event.type.removeprefix("response."))
            case "error" | None:
                self._no_answer(data)
            case _:
                pass

    def _whole(self, data: bytes) -> None:
        response = _decoders()[1].decode(data)
        if response.output is None:
            self._no_answer(data)
        else:
            self._end(response, response.status or "")

    def _text(self, text: str | None, place: int | None) -> None:
        if text:
            self._told.add(place)
            self._telling = True
            self._out.text(text)

    def _done(self, item: Item, place: int | None) -> None:
        """Read an item that is whole: a call, or a message without deltas of its own."""
        if item.type != "message":
            self._call(item)
            return
        if not (self._telling or place in self._told or None in self._told):
            self._message(item, place)
        self._telling = False

    def _call(self, item: Item) -> None:
        if item.type == "function_call":
            self._calls.append(function_call(item.call_id, item.name, item.arguments))
        elif item.type == "custom_tool_call":
            custom = {"name": item.name or "", "input": repaired(item.input or "")}
            self._calls.append({"id": item.call_id, "type": "custom", "custom": custom})
        elif item.type == "image_generation_call":
            self._drew = True

    def _end(self, response: Response | None, status: str) -> None:
        if response is not None:
            self._out.usage = response.usage
            if response.error:
                raise reported(response.error)
            self._output(response.output or ())
        reason = self._reason(response, status)
        if reason is not None:
            self._out.end(Finish(reason, tool_calls=tuple(self._calls)))

    def _output(self, items: Sequence[Item]) -> None:
        """Read what of the whole output did not come before."""
        told, called = bool(self._told), bool(self._calls)
        for place, item in enumerate(items):
            if item.type == "reasoning" and not (told or called):
                for block in (*(item.summary or ()), *(item.content or ())):
                    self._out.reasoning(block.text or "")
            elif item.type == "message" and not told:
                self._message(item, place)
            elif not called:
                self._call(item)

    def _message(self, item: Item, place: int | None) -> None:
        for block in item.content or ():
            self._refused = self._refused or bool(block.refusal)
            self._text(block.text or block.refusal, place)

    def _reason(self, response: Response | None, status: str) -> str | None:
        if status == "completed":
            return "refusal" if self._refused else "tool_calls" if self._calls else self._stopped()
        if status == "incomplete":
            details = response.incomplete_details if response else None
            return finish_reason(details.reason if details else None) or status
        if status in ("failed", "cancelled"):
            raise reported(f"the response is {status}")
        return None

    def _stopped(self) -> str:
        """Give the reason of a whole reply; one of images alone is told by it."""
        return "images" if self._drew and not self._out.said[0] else "stop"


def _piece(event: ResponseEvent) -> str:
    """Give the text that an event brings, often a piece of a longer one."""
    piece = event.delta
    if isinstance(piece, str) or piece is None:
        return piece or ""
    raise MalformedStreamError(f"{event.type!r} has {repr(piece)[:200]} where its text should be")
