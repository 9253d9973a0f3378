"""A conversation in the terminal: a line in, an answer out as it comes, Ctrl-C stops it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from contextlib import aclosing, suppress
from importlib import import_module
from typing import TYPE_CHECKING

from ._events import Finish, Restarted, RetryScheduled, Text, Trimmed
from ._explain import early, explain, printable
from ._style import DIM, RED, colours, styled
from ._wrap import Wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from ._events import Event
    from ._protocols import Predict

HELP = """\
/system TEXT  answer by this system prompt from now on (without TEXT: show it)
/reset        forget the conversation
/exit         leave, like Ctrl-D
Ctrl-C        stop the answer"""


def chat(predict: Predict, *, system: str | None = None, debug: bool = False) -> int:
    """Hold a conversation over standard input and output until the input ends.

    Args:
        predict: What answers.
        system: The system prompt to begin with.
        debug: Raise the error of a failed answer instead of showing it.

    Returns:
        The exit code: 1 when an answer failed and nobody is there to ask again, else 0.
    """
    logging.getLogger("chatadapters").addHandler(logging.NullHandler())  # we tell it ourselves
    with asyncio.Runner() as runner:
        return _Chat(predict, runner, system=system, debug=debug).run()


class _Chat:
    def __init__(
        self, predict: Predict, runner: asyncio.Runner, *, system: str | None, debug: bool
    ) -> None:
        self._predict, self._runner, self._debug = predict, runner, debug
        self._system = system
        self._history: list[dict[str, str]] = []
        self._interactive = sys.stdin.isatty()
        self._wrap = Wrap()

    def run(self) -> int:
        if self._interactive:
            with suppress(ImportError):
                import_module("readline")  # gives input() line editing
            _note(sys.stdout, "/help lists the commands, Ctrl-C stops an answer, Ctrl-D leaves.")
        for line in self._lines():
            if line in ("/exit", "/quit"):
                break
            if not self._command(line) and not self._answer(line) and not self._interactive:
                return 1
        self._runner.run(self._predict.aio.close())
        return 0

    def _lines(self) -> Iterator[str]:
        if not self._interactive:
            yield from filter(None, map(str.strip, sys.stdin))
            return
        while True:
            try:
                line = input(_prompt()).strip()
            except EOFError:
                print()
                return
            except KeyboardInterrupt:
                _note(sys.stdout, "\n(Ctrl-D or /exit leaves)")
                continue
            if line:
                yield line

    def _command(self, line: str) -> bool:
        name, _, rest = line.partition(" ")
        match name:
            case "/help":
                _note(sys.stdout, HELP)
            case "/reset":
                self._history.clear()
                _note(sys.stdout, "(forgotten)")
            case "/system":
                self._system = rest.strip() or self._system
                _note(sys.stdout, f"(system prompt: {self._system or 'none'})")
            case _ if re.fullmatch(r"/[a-z]+", line):
                _note(sys.stderr, f"{line} is not a command; /help lists them")
            case _:
                return False
        return True

    def _answer(self, message: str) -> bool:
        said: list[str] = []
        try:
            self._runner.run(self._stream(message, said))
        except KeyboardInterrupt:
            if not self._interactive:
                raise
            _note(sys.stdout, "\n(stopped)")
        except BrokenPipeError:
            raise  # nobody reads the answers any more
        except Exception as error:  # any provider's own; the conversation outlives it
            if self._debug:
                raise
            _note(sys.stderr, ("\n" if said else "") + f"error: {explain(error)}", RED)
            return False
        finally:
            if text := "".join(said):
                self._history += [
                    {"role": "user", "content": message},
                    {"role": "assistant", "content": text},
                ]
        return True

    async def _stream(self, message: str, said: list[str]) -> None:
        predict = self._predict.using(system=self._system) if self._system else self._predict
        try:
            async with aclosing(predict.aio.events(message, self._history)) as events:
                async for event in events:
                    self._show(event, said)
        finally:
            _print(self._wrap.finish(_columns()))
        _print("\n")

    def _show(self, event: Event, said: list[str]) -> None:
        match event:
            case Text(delta):
                said.append(delta)
                _print(self._wrap.feed(printable(delta), _columns()))
            case Restarted():
                said.clear()
                self._aside("\n(the answer begins again)")
            case RetryScheduled(attempt, wait, error):
                self._aside(f"(attempt {attempt}: {explain(error)}; next in {wait:.1f} s)")
            case Trimmed(messages):
                self._aside(f"(the oldest {messages} messages were not sent)")
            case Finish(reason) if end := early(reason):
                self._aside(f"\n({end})")
            case _:
                pass

    def _aside(self, text: str) -> None:
        _print(self._wrap.finish(_columns()))
        _note(sys.stderr, text)


def _columns() -> int:
    """Give the width of the terminal that answers are printed on, 0 where they are not."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):  # a file or a pipe, or something that is no file at all
        return 0


def _print(text: str) -> None:
    print(text, end="", flush=True)


def _note(stream: TextIO, text: str, style: str = DIM) -> None:
    print(styled(text, style, stream), file=stream, flush=True)


def _prompt() -> str:
    # The marks around the escapes tell readline that they take no room.
    bold = colours(sys.stdout) and "readline" in sys.modules
    return "\x01\x1b[1m\x02> \x01\x1b[0m\x02" if bold else "> "
