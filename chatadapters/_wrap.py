"""Breaks a text at the width of a terminal between words, as it comes."""

from __future__ import annotations

import unicodedata

_TAB = 8


class Wrap:
    r"""Text in pieces; a word is given once it has ended, so that it can begin a new line.

    Wide characters, which have no spaces between them, may each begin a line. A word that is
    wider than the terminal is left to it to break.

    Example:
        >>> wrap = Wrap()
        >>> wrap.feed("one two thr", 8) + wrap.feed("ee", 8) + wrap.finish(8)
        'one two\nthree'
    """

    def __init__(self) -> None:
        self._column = 0
        self._space = ""
        self._word = ""
        self._cells = 0
        self._endless = False  # whether the word is one that no line can hold
        self._out: list[str] = []

    def feed(self, text: str, columns: int) -> str:
        """Take the next piece.

        Args:
            text: The piece.
            columns: Cells that a line of the terminal has now; 0 breaks nothing.

        Returns:
            What to print now.
        """
        for char in text:
            if char in "\n \t":
                self._end_word(columns)
                self._endless = False
                self._break(char)
                continue
            cells = cells_of(char)
            wide = cells > 1
            if wide:
                self._end_word(columns)
                self._endless = False
            self._word += char
            self._cells += cells
            if wide or self._endless or 0 < columns < self._cells:
                self._end_word(columns)
                self._endless = not wide
        return self._taken()

    def finish(self, columns: int) -> str:
        """Give the last word, and be ready for another text.

        Args:
            columns: As in `feed`.
        """
        self._end_word(columns)
        last = self._taken()
        self._column, self._space, self._endless = 0, "", False
        return last

    def _break(self, char: str) -> None:
        if char == "\n":
            self._out.append(char)
            self._column, self._space = 0, ""
        else:
            self._space += char

    def _end_word(self, columns: int) -> None:
        if not self._word:
            return
        begins = _after(self._column, self._space)
        if columns and self._column and begins + self._cells > columns and not self._endless:
            self._out.append("\n")
            begins = 0
        else:
            self._out.append(self._space)
        self._out.append(self._word)
        self._column = max(1, begins + self._cells)  # an accent alone has no width
        if columns and self._column > columns:
            self._column = (self._column - 1) % columns + 1
        self._space, self._word, self._cells = "", "", 0

    def _taken(self) -> str:
        text = "".join(self._out)
        self._out.clear()
        return text


def cells_of(char: str) -> int:
    """Give how many cells of a terminal a character takes.

    Example:
        >>> [cells_of(char) for char in ("a", "\u0301", "\u6f22")]
        [1, 0, 2]
    """
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _after(column: int, space: str) -> int:
    for char in space:
        column = (column // _TAB + 1) * _TAB if char == "\t" else column + 1
    return column
