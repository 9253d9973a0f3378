"""The chat-completions wire: messages as requests carry them, and the reader of the streams."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._content import text_of, unsupported
from .._errors import UnsupportedContentError
from .._events import Finish
from .._json import TypedDecoder
from .._parts import AudioPart, FilePart, ImagePart, TextPart
from ._early_finish import EarlyFinishReader
from ._finish_reason import finish_reason
from ._tool_calls import ToolCalls
from ._tool_messages import tool_message
from ._wire_errors import reported
from ._wire_reader import EVENT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._parts import Content, Message, Part
    from ._openai_types import Block, Chunk, Delta, Groq

ROLES = frozenset({"system", "developer", "user", "assistant"})


def chat_messages(conversation: Sequence[Message], backend: str = "openai") -> list[dict[str, Any]]:
    """Give a conversation as the `messages` of a chat-completions request.

    Args:
        conversation: Messages as `normalize` gives them.
        backend: The backend's name, for errors.

    Returns:
        One dict for each message; text stays a string, with other parts it becomes a list.

    Raises:
        UnsupportedContentError: A role or a part that this wire cannot carry.

    Example:
        >>> from chatadapters import Message
        >>> chat_messages([Message("user", "Hi")])
        [{'role': 'user', 'content': 'Hi'}]
    """
    return [
        {"role": role, "content": content}
        if type(content) is str and role in ROLES  # of a subclass, `content_for` gives the text
        else tool_message(role, content)
        or {"role": role, "content": content_for(role, content, backend, _part)}
        for role, content in conversation
    ]


def content_for(
    role: str, content: Content, backend: str, to_part: Callable[[Part], dict[str, Any] | None]
) -> str | list[dict[str, Any]]:
    """Give a content as a string when it is text alone, else as the parts that an API has.

    Args:
        role: Who says it; only a user sends files.
        content: What is said.
        backend: The backend's name, for errors.
        to_part: Gives the API's form of a part, or None when it has none.

    Raises:
        UnsupportedContentError: A role or a part that the API does not have.
    """
    if role not in ROLES:
        raise UnsupportedContentError(
            f"a message of role {role!r} cannot be sent to {backend}; "
            f"it takes {', '.join(sorted(ROLES))}"
        )
    if isinstance(content, str) or all(isinstance(part, TextPart) for part in content):
        return text_of(content)
    parts: list[dict[str, Any]] = []
    for part in content:
        sent = to_part(part)
        if sent is None or (role != "user" and not isinstance(part, TextPart)):
            why = f"in a message of role {role!r} cannot be sent to {backend}"
            raise unsupported(part, why)
        parts.append(sent)
    return parts


def _part(part: Part) -> dict[str, Any] | None:
    match part:
        case TextPart():
            return {"type": "text", "text": text_of((part,))}
        case ImagePart():
            return {"type": "image_url", "image_url": {"url": part.url}}
        case AudioPart():
            return {"type": "input_audio", "input_audio": _audio(part)}
        case FilePart():
            name = part.name or "file"
            return {"type": "file", "file": {"filename": name, "file_data": part.url}}
        case _:
            return None


def _audio(part: AudioPart) -> dict[str, str]:
    head, _, data = part.url.partition(",")
    kind = head.removeprefix("data:").partition(";")[0].partition("/")[2].removeprefix("x-")
    return {"data": data, "format": {"mpeg": "mp3", "wave": "wav", "mp4": "m4a"}.get(kind, kind)}


@cache
def _decoder() -> TypedDecoder[Chunk]:
    from ._openai_types import Chunk

    return TypedDecoder(Chunk)


class ChatReader(EarlyFinishReader["Chunk"]):
    r"""Reads the answer to a chat-completions request.

    Args:
        cumulative: Whether the server sends the text so far where the new text belongs.
        leaks: Whether control tokens at the end of the answer are dropped.
        limit: Most bytes of one event.

    Example:
        >>> ChatReader().feed(b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n')
        [Text(delta='Hi')]
    """

    __slots__ = ("_decode", "_refused", "_repeats", "_tools", "_unshown")

    def __init__(
        self, *, cumulative: bool = False, leaks: bool = False, limit: int = EVENT_LIMIT
    ) -> None:
        super().__init__("content", cumulative=cumulative, leaks=leaks, limit=limit)
        self._decode = _decoder().decode
        self._tools = ToolCalls(cumulative=cumulative)
        self._refused = False
        self._unshown = ""  # what came that is not text
        self._repeats: bool | None = None  # whether messages say again what deltas said

    def _chunk(self, data: bytes) -> Chunk:
        chunk = self._decode(data)
        if chunk.error or chunk.choices is None:
            self._no_answer(data)
        if chunk.x_groq is not None:
            self._groq(chunk.x_groq)
        if chunk.usage:
            self._out.usage = chunk.usage
        choices = chunk.choices or []
        for choice in choices:
            if choice.index or (choice.index is None and choice is not choices[0]):
                continue
            delta = choice.delta
            if delta is None and choice.message is not None:
                delta = self._unsaid(choice.message)
            if delta is not None:
                self._delta(delta)
            elif choice.text:
                self._out.text(choice.text)
            if choice.error:
                raise reported(choice.error)
            if choice.usage:
                self._out.usage = choice.usage
            if choice.finish_reason is not None or self._held is not None:
                brings = bool(choice.text) or (delta is not None and _has_content(delta))
                self._may_end(finish_reason(choice.finish_reason), brings=brings)
        if not choices and chunk.choices is not None:
            self._ending()
        return chunk

    def _text_of(self, chunk: Chunk) -> str | None:
        delta = chunk.choices[0].delta if chunk.choices else None
        return delta.content if delta is not None and isinstance(delta.content, str) else None

    def _says_only(self, text: str, chunk: Chunk) -> bool:
        from ._openai_types import Choice, Chunk, Delta

        delta = Delta(text)
        return chunk in (Chunk([Choice(delta)]), Chunk([Choice(delta, index=0)]))

    def _has_said(self) -> bool:
        return super()._has_said() or bool(self._unshown or self._tools.whole())

    def _groq(self, said: Groq) -> None:
        if said.error:
            raise reported(said.error)
        if said.usage:
            self._out.usage = said.usage

    def _unsaid(self, message: Delta) -> Delta:
        """Take out of a message what deltas have said: MiniMax's last chunk has all of it again.

        A server whose first message comes before any delta sends messages in place of deltas.
        """
        (text, reasoning), calls = self._out.said, self._tools.whole()
        if self._repeats is None:
            self._repeats = bool(text or reasoning or calls)
        if self._repeats and text:
            message.content = message.refusal = message.audio = None
        if self._repeats and reasoning:
            message.reasoning_content = message.reasoning = message.thinking = None
            message.reasoning_details = None
        if self._repeats and calls:
            message.tool_calls = message.function_call = None
        return message

    def _delta(self, delta: Delta) -> None:
        # Some servers send their reasoning under several names at once.
        if reasoning := delta.reasoning_content or delta.reasoning or delta.thinking:
            self._out.reasoning(reasoning)
        elif delta.reasoning_details:
            self._out.reasoning("".join(map(_said, delta.reasoning_details)))
        if content := delta.content:
            if isinstance(content, str):
                self._out.text(content)
            else:
                self._blocks(content)
        elif delta.audio:
            self._spoken(delta.audio)
        if delta.images:
            self._came("images")
        if delta.refusal:
            self._refused = True
            self._out.text(delta.refusal)
        if delta.tool_calls or delta.function_call:
            self._call(delta)

    def _blocks(self, blocks: list[Block]) -> None:
        if reasoning := "".join(_said(block) for block in blocks if block.thinking):
            self._out.reasoning(reasoning)
        if text := "".join(block.text or "" for block in blocks if not block.thinking):
            self._out.text(text)

    def _spoken(self, audio: Any) -> None:
        """Read what is said aloud; the sound is not shown, but shows that the reply goes on."""
        found = audio if isinstance(audio, dict) else {}
        if (text := found.get("transcript")) and isinstance(text, str):
            self._out.text(text)
        elif found.get("data"):
            self._came("audio")

    def _came(self, kind: str) -> None:
        self._out.progress += 1
        self._unshown = kind

    def _call(self, delta: Delta) -> None:
        found = delta.tool_calls or ()
        for piece in found if isinstance(found, (list, tuple)) else (found,):
            self._out.progress += self._tools.add(piece)
        if delta.function_call:
            self._out.progress += self._tools.add_function(delta.function_call)

    def _finish(self, reason: str) -> None:
        calls = self._tools.whole()
        if reason == "stop":
            reason = "refusal" if self._refused else "tool_calls" if calls else self._stopped()
        self._out.end(Finish(reason, tool_calls=calls))

    def _stopped(self) -> str:
        """Give the reason of a whole reply; one of sound or images alone is told by it."""
        return "stop" if self._out.said[0] else self._unshown or "stop"


def _has_content(delta: Delta) -> bool:
    reasoning = delta.reasoning_content or delta.reasoning or delta.thinking
    calls = delta.tool_calls or delta.function_call
    said = delta.content or delta.refusal or delta.audio or delta.images
    return bool(said or reasoning or delta.reasoning_details or calls)


def _said(block: Block) -> str:
    """Give the text of a block of reasoning."""
    if isinstance(block.thinking, list):
        return "".join(map(_said, block.thinking))
    return block.thinking or block.text or block.summary or ""
