"""The marks by which places in a prompt are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._render import Turn

MARKS = ("qSysq", "qUonq", "qAonq", "qUtwq", "qAtwq", "qUthq")
SYSTEM = MARKS[0]
TURNS: list[Turn] = list(zip(("user", "assistant") * 3, MARKS[1:], strict=False))
THOUGHT, ANSWER = "qThoq", "qAnsq"
SPACED = "\n \t{0} \n\n"
LONGEST_WORD = 40
# Variables that a template writes around the assistant's text.
GENERATION_MARKS = ("_generation_opens", "_generation_closes")
