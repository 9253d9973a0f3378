"""Reads the text of servers that send, against the protocol, all of it so far in each piece."""

from __future__ import annotations

from .._errors import MalformedStreamError

#: What a character is while it has not come whole: U+FFFD, or the first half of a pair.
_UNFINISHED = "\ufffd" + "".join(map(chr, range(0xD800, 0xDC00)))

_MOST_GROWN = 5  # pieces
_LEAST_LETTERS = 3  # different ones: a row of one or two may well come in longer and longer pieces


class SoFar:
    r"""Gives what each piece adds to those before it.

    What stands for a character that has not come whole is held back, for the next piece has the
    character in its place.

    Example:
        >>> text = SoFar()
        >>> text.newest("Hel"), text.newest("Hello \ufffd"), text.newest("Hello é"), text.flush()
        ('Hel', 'lo ', 'é', '')
    """

    def __init__(self) -> None:
        self._seen = self._held = ""

    def newest(self, piece: str) -> str:
        """Give what is new in a piece; an older state of the text adds nothing.

        Raises:
            MalformedStreamError: It does not continue the text.
        """
        whole = piece.rstrip(_UNFINISHED)
        if not whole.startswith(self._seen):
            if self._seen.startswith(whole):
                return ""
            raise MalformedStreamError(
                f"cumulative=True, but {piece[-40:]!r} does not continue {self._seen[-40:]!r}"
            )
        before, self._seen, self._held = self._seen, whole, piece[len(whole) :]
        return whole[len(before) :]

    def flush(self) -> str:
        """Give what is held back, when the text has ended."""
        held, self._held = self._held, ""
        self._seen += held
        return held


class Growth:
    """Watches the first pieces of a text for a server that repeats it and was not said to.

    No text that anybody writes begins with pieces of which each is the one before it and more.
    """

    def __init__(self) -> None:
        self._last = ""
        self._grown = 0

    def goes_on(self, piece: str) -> bool:
        """Say whether the next piece has to be watched too.

        Raises:
            MalformedStreamError: The server repeats its text.
        """
        if not (len(piece) > len(self._last) and piece.startswith(self._last)):
            return False
        self._last = piece
        self._grown += 1
        if self._grown >= _MOST_GROWN and len(set(piece)) >= _LEAST_LETTERS:
            error = MalformedStreamError(
                "each piece of the stream repeats all that came before it; if this server always "
                "sends the text so far, set cumulative=True"
            )
            error.final = True
            raise error
        return True
