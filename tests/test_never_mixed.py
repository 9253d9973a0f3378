"""A reply that breaks anywhere, and whatever is said then: what is shown is one of them, whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatadapters import Backend, Finish, IncompleteStreamError, Reader, Retry, Text, make_predict
from chatadapters.backends._openai_chat import ChatReader
from tests.backends.reading import stream
from tests.both import Run
from tests.chunks import cut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from chatadapters import Message, Timeout

_WORDS = [
    *("<think>", "</think>", "</th", "ink>", "\n", " ", "a ", "b", "ab", "aba ", "STOP", "ST"),
    *("OP ", "<|end|>", "<|e", "nd|>", "\nUs", "er: ", "😀", "word ", "x y z", "<", "lorem "),
]
_STOPS = ["STOP", "ab", "aba", "\nUser:", "😀", "</think>", "<|end|>", "OP", "a b"]
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=20).map("".join)


@dataclass(frozen=True)
class Breaking(Backend):
    """Says `first` up to where it breaks, and then, however it is asked, `second`.

    Attributes:
        broken: How much of `first` comes.
        cuts: Where both are cut into pieces, as parts of a hundred.
        goes_on: Whether `second` is what follows the text that it is to go on after.
        repeats: Whether each piece says all that came before it again, in events of a server.
    """

    name: ClassVar[str] = "breaking"
    resumes: ClassVar[bool] = True

    first: str
    second: str
    broken: int
    cuts: tuple[int, ...] = ()
    goes_on: bool = False
    tokens: tuple[str, ...] = ()
    repeats: bool = False
    asked: list[str] = field(default_factory=list)

    def build(self, conversation: Sequence[Message], options: Any) -> str:
        return ""

    def reader(self) -> Reader:
        return ChatReader(cumulative=True) if self.repeats else _Pieces()

    def special_tokens(self) -> Sequence[str]:
        return self.tokens

    def resume(self, payload: str, text: str) -> str:
        return text

    def stream(self, payload: str, timeout: Timeout) -> Iterator[str | bytes | Finish]:
        self.asked.append(payload)
        if len(self.asked) == 1:
            yield from self._pieces(self.first[: self.broken])
            raise ConnectionResetError
        yield from self._pieces(self.first[len(payload) :] if self.goes_on else self.second)
        yield stream(_chunk("", "stop")) if self.repeats else Finish("stop")

    async def astream(self, payload: str, timeout: Timeout) -> AsyncIterator[str | bytes | Finish]:
        for chunk in self.stream(payload, timeout):
            yield chunk

    def _pieces(self, text: str) -> list[str] | list[bytes]:
        pieces = cut(text, [at * len(text) // 100 for at in self.cuts])
        return [stream(_chunk(so_far)) for so_far in accumulate(pieces)] if self.repeats else pieces


def _chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


class _Pieces(Reader):
    def feed(self, chunk: str | Finish) -> list[Text | Finish]:
        return [chunk if isinstance(chunk, Finish) else Text(chunk)]

    def finish(self) -> list[Finish]:
        return []


def shown(run: Run, backend: Breaking, view: str, options: dict[str, Any]) -> str:
    """Give the last that was shown, and see that nothing before it was anything else."""
    predict = make_predict(backend, retry=Retry(wait=0.0, attempts=5, **options.pop("retry", {})))
    values = run(predict.using(pace=0, **options), view, "Hi")
    return "".join(values) if view == "deltas" else values[-1]


@pytest.mark.parametrize("view", ["predict", "deltas"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(data=st.data())
def test_what_is_shown_is_one_reply(run: Run, view: str, data: st.DataObject) -> None:
    """The first, the second, or the first joined to a second that says its end again."""
    first, fresh = data.draw(_TEXTS), data.draw(_TEXTS)
    again = data.draw(st.integers(0, len(first)))
    second = data.draw(st.sampled_from([fresh, first[:again] + fresh, first[again:] + fresh]))
    broken = data.draw(st.integers(0, len(first)))
    options: dict[str, Any] = {
        "stop": tuple(data.draw(st.lists(st.sampled_from(_STOPS), max_size=2))),
        "show_reasoning": data.draw(st.booleans()),
    }
    tokens = data.draw(st.sampled_from([(), ("<|end|>",)]))
    cuts = tuple(data.draw(st.lists(st.integers(0, 100), max_size=5)))
    repeats = data.draw(st.booleans())

    def whole(text: str) -> str:
        """Give what is shown of a text that does not break."""
        return shown(run, Breaking("", text, 0, tokens=tokens), "predict", dict(options))

    heard = first[:broken]
    joined = [heard[:at] + second for at in range(broken) if second.startswith(heard[at:])]
    midstream = data.draw(st.sampled_from(["auto", "resume", "restart"]))
    backend = Breaking(first, second, broken, cuts, tokens=tokens, repeats=repeats)
    try:
        found = shown(run, backend, view, {**options, "retry": {"midstream": midstream}})
    except IncompleteStreamError:
        assert view == "deltas"  # which cannot take back what they gave
        return
    assert found in {whole(text) for text in (first, second, *joined)}


@pytest.mark.parametrize("view", ["predict", "deltas"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(data=st.data())
def test_what_goes_on_is_as_if_nothing_had_broken(run: Run, view: str, data: st.DataObject) -> None:
    """Whatever is cut by the break: a stop sequence, a tag, a control token."""
    text = data.draw(_TEXTS)
    broken = data.draw(st.integers(0, len(text)))
    cuts = tuple(data.draw(st.lists(st.integers(0, 100), max_size=5)))
    stops = tuple(data.draw(st.lists(st.sampled_from(_STOPS), max_size=2)))
    tokens = data.draw(st.sampled_from([(), ("<|end|>",)]))
    whole = shown(run, Breaking("", text, 0, tokens=tokens), view, {"stop": stops})
    repeats = data.draw(st.booleans())
    backend = Breaking(text, text, broken, cuts, goes_on=True, tokens=tokens, repeats=repeats)
    assert shown(run, backend, view, {"stop": stops}) == whole
