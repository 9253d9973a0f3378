"""Puts tool calls together from the pieces in which a stream brings them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._content import repaired
from .._errors import MalformedStreamError
from .._json import loads
from ._so_far import SoFar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._openai_types import Function, ToolCall


class ToolCalls:
    """The tool calls of one reply.

    Pieces belong together by `index`; a new id begins a new call even so, because some servers
    number every call 0 or not at all. Gemini's calls may have neither: another whole call begins
    a new one.

    Args:
        cumulative: Whether each piece repeats the arguments that came before it.
    """

    def __init__(self, *, cumulative: bool = False) -> None:
        self._cumulative = cumulative
        self._calls: list[_Call] = []

    def add(self, piece: ToolCall) -> int:
        """Take one piece of a call.

        Returns:
            How many characters it brought.
        """
        id_ = str(piece.id) if isinstance(piece.id, int) else piece.id
        call = self._find(piece, id_)
        call.id = call.id or id_
        return call.add(piece.function) if piece.function else 0

    def add_function(self, piece: Function) -> int:
        """Take a piece of the one call of servers that still send `function_call`."""
        if not self._calls:
            self._begin(None)
        return self._calls[0].add(piece)

    def whole(self) -> tuple[dict[str, Any], ...]:
        """Give the calls in the form of OpenAI's chat messages."""
        return tuple(
            function_call(call.id, call.name, "".join(call.arguments)) for call in self._calls
        )

    def _find(self, piece: ToolCall, id_: str | None) -> _Call:
        for call in reversed(self._calls):
            same_place = piece.index is None or piece.index == call.index
            if same_place and (not id_ or not call.id or id_ == call.id):
                if (id_ and call.id) or not call.is_before(piece.function):
                    return call
                break
        return self._begin(piece.index)

    def _begin(self, index: int | None) -> _Call:
        self._calls.append(_Call(index, cumulative=self._cumulative))
        return self._calls[-1]


class _Call:
    """One call as far as it has come."""

    def __init__(self, index: int | None, *, cumulative: bool) -> None:
        self.index = index
        self.id: str | None = None
        self.name = ""
        self.arguments: list[str] = []
        self._so_far = SoFar() if cumulative else None

    def add(self, piece: Function) -> int:
        if piece.name and piece.name != self.name:  # some servers repeat it in every piece
            self.name += piece.name
        arguments = _text(piece.arguments)
        if self._so_far is not None:
            arguments = self._so_far.newest(arguments)
        if arguments:
            self.arguments.append(arguments)
        return len(arguments)

    def is_before(self, piece: Function | None) -> bool:
        """Say whether a piece without an id is of another call: this one has all it may have."""
        if piece is None or not self.arguments:
            return False
        if piece.name and piece.name != self.name:
            return True
        begins = self._so_far is None and _text(piece.arguments).lstrip().startswith("{")
        return begins and len(self.arguments) == 1 and _is_whole(self.arguments[0])


def _text(arguments: str | dict[str, Any] | None) -> str:
    if isinstance(arguments, dict):
        return json.dumps(arguments, ensure_ascii=False)
    return arguments or ""


def _is_whole(arguments: str) -> bool:
    try:
        return isinstance(loads(arguments), dict)
    except MalformedStreamError:
        return False


def function_call(id_: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    """Give a call in the form of OpenAI's chat messages."""
    function = {"name": repaired(name or ""), "arguments": repaired(arguments or "")}
    return {"id": id_, "type": "function", "function": function}


def flat_tools(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give options with the tools in the form of the Responses API, which has no `function` inside.

    Clients of a chat-completions server send them in that one's form; the Responses API refuses it.

    Example:
        >>> flat_tools({"tools": [{"type": "function", "function": {"name": "add"}}]})
        {'tools': [{'type': 'function', 'name': 'add'}]}
    """
    flat = dict(options)
    if isinstance(tools := options.get("tools"), list):
        flat["tools"] = [_flat(tool) for tool in tools]
    if "tool_choice" in options:
        flat["tool_choice"] = _flat(options["tool_choice"])
    return flat


def _flat(tool: Any) -> Any:
    match tool:
        case {"type": "function", "function": {**function}}:
            return {"type": "function", **function}
        case _:
            return tool
