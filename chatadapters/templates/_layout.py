"""How one family of models writes a conversation as text: a plain value, no code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING

from ._fields import CLOSING, INSIDE, MERGED, Around, LaterPlace, SystemPlace, check_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._render import Renderer
    from ._texts import Strip, Thinking

TOKEN_NAMES = ("system_token", "user_token", "assistant_token", "end_token")
STARCHAT_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
_LONGEST_LABEL = 40
# What tokenizers keep whole: <|end|>, </s>, <<SYS>>, [INST], [|user|].
_TOKEN = re.compile(r"<<[^<>\s]+>>|<[^<>\s]+>|\[[^\[\]\s]+\]")


@dataclass(frozen=True)
class Layout:
    r"""The fixed text around the system, user and assistant text of a conversation.

    Attributes:
        user: What stands before and after a user's text.
        assistant: What stands before and after an assistant's text.
        generation_prompt: What ends a prompt, so that the model answers next. It often differs
            from `assistant[0]`: no trailing space, or a `<think>` in front.
        system: What stands before and after the system text.
        system_place: Where the system text goes: a `"block"` at the beginning, inside the
            `"first_user"` or `"last_user"` turn before its text, there only if that turn is
            the `"last_message"`, nowhere (`"ignore"`), or it is an error (`"refuse"`).
        no_system: What stands in that place when there is no system text.
        blank_system: What stands there when trimming leaves nothing of the system text; None:
            what `no_system` says.
        later_system: What stands around a system message between the turns; None: there may be
            none.
        later_place: Where that may be: `"anywhere"`, or only `"between"` an assistant's answer
            and the user's text after it.
        begin: What opens every prompt (after the beginning-of-sequence token).
        first_user: What stands before the user's text when that is the first turn, if it is
            not `user[0]`.
        between: Where the fixed text between two neighbours is another than `user` and
            `assistant` say: `(before, after, text)`. The neighbours are `"start"`, `"user"`,
            `"assistant"`, `"empty"` (an assistant's empty text), `"end"` (of a training text)
            and at most one kind of closing answer: `"last"` (the last message, if it is the
            assistant's), `"reply"` (the assistant's after the last user's) or `"newest"`
            (the last one of the assistant, wherever it is).
        trim: The roles whose text is stripped of white space at both ends; `"merged"` strips
            the system text inside a turn and that turn's text as one.
        strip: Those that lose other characters: `(role, left, right)`, the role may be a kind of
            closing answer or `"later"` (system messages between the turns), None stands for
            white space.
        thinking: What happens to reasoning in assistants' texts.
        dates: Placeholders in the text before the first turn, each with the form of
            `strftime` in which today's date stands there: `("{date}", "%d %b %Y")`.
        stop: Stop sequences, the real end token first.
        bos: The beginning-of-sequence token. Servers and tokenizers add it themselves, so it
            is left out of a prompt unless asked for.
        special_tokens: The control tokens; found in the fixed text and in `stop` when not
            given. No text of a conversation may contain them.
        reserved: Control tokens of the vocabulary that the layout itself does not write and
            that no text may contain either.
        name: The name of the family.
        source: Where the layout is from.

    Example:
        >>> layout = Layout(
        ...     user=("USER: ", "\n"), assistant=("ASSISTANT: ", "</s>\n"),
        ...     generation_prompt="ASSISTANT:", system=("", "\n\n"), stop=("</s>",),
        ... )
        >>> layout.special_tokens
        ('</s>',)
        >>> layout.labels
        ('USER:', 'ASSISTANT:')
    """

    user: Around
    assistant: Around
    generation_prompt: str
    system: Around = ("", "\n\n")
    system_place: SystemPlace = "block"
    no_system: str = ""
    blank_system: str | None = None
    later_system: Around | None = None
    later_place: LaterPlace = "anywhere"
    begin: str = ""
    first_user: str | None = None
    between: tuple[tuple[str, str, str], ...] = ()
    trim: tuple[str, ...] = ()
    strip: tuple[Strip, ...] = ()
    thinking: tuple[Thinking, ...] = ()
    dates: tuple[tuple[str, str], ...] = ()
    stop: tuple[str, ...] = ()
    bos: str = ""
    special_tokens: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ("<|endoftext|>",)
    name: str = field(default="", compare=False)
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            check_field(item.name, getattr(self, item.name))
        if not self.special_tokens:
            found = dict.fromkeys(t for text in self._texts() for t in tokens_in(text))
            object.__setattr__(self, "special_tokens", tuple(found))

    @classmethod
    def from_tokens(cls, system: str, user: str, assistant: str, end: str) -> Layout:
        r"""Make the layout of StarChat's shape: token, newline, text, end token, newline.

        Args:
            system: The token that opens a system text.
            user: The token that opens a user's text.
            assistant: The token that opens an assistant's text.
            end: The token that ends each of them.

        Returns:
            The layout; an empty system text is written too, as those models were trained.
        """
        after = end + "\n"
        return cls(
            user=(user + "\n", after),
            assistant=(assistant + "\n", after),
            generation_prompt=assistant + "\n",
            system=(system + "\n", after),
            no_system=system + "\n" + after,
            stop=(end,),
            special_tokens=(system, user, assistant, end),
        )

    def tokens(self) -> tuple[str, str, str, str] | None:
        """Give the four tokens `from_tokens` would make this layout from, or None."""
        if len(self.special_tokens) != 4 or "" in self.special_tokens:  # noqa: PLR2004
            return None
        system, user, assistant, end = self.special_tokens
        same = Layout.from_tokens(system, user, assistant, end) == self
        return (system, user, assistant, end) if same else None

    @cached_property
    def renderer(self) -> Renderer:
        """What writes conversations in this layout; made at first use."""
        from ._render import Renderer

        return Renderer(self)

    def __getstate__(self) -> dict[str, object]:
        # What is made at first use stays behind.
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def closing(self) -> str:
        """The kind of closing answer that is treated on its own, or `""`."""
        named = {kind for pair in self.between for kind in pair[:2]}
        named |= {role for role, _, _ in self.strip} | {rule.kind for rule in self.thinking}
        return next((kind for kind in CLOSING if kind in named), "")

    @property
    def labels(self) -> tuple[str, ...]:
        """Plain text that opens a turn, such as `USER:`; no text may contain it as a label."""
        turns = self._between("user", "assistant", *CLOSING, "empty")
        first = self.first_user or ""
        openings = [self.user[0], self.assistant[0], self.generation_prompt, first, *turns]
        # Where a control token opens the system text, the words after it open nothing.
        if self.system_place != "ignore" and not tokens_in(self.system[0]):
            openings.insert(0, self.system[0])
        return tuple(dict.fromkeys(label for text in openings for label in self._labels(text)))

    def inline_labels(self) -> frozenset[str]:
        """Give the labels that the layout itself writes in the middle of a line."""
        leads = {
            (label, joint.partition(label)[0])
            for label in self.labels
            for joint in self.joints()
            if label in joint
        }
        return frozenset(label for label, lead in leads if not self._breaks(lead))

    def heads(self) -> frozenset[str]:
        """Give every fixed text that a prompt may begin with, up to the first message's text."""
        begin = (self.begin, self.bos + self.begin)
        user = self.user[0] if self.first_user is None else self.first_user
        opening = (
            user,
            self.assistant[0],
            *self._between("user", "assistant", *CLOSING, start=True),
        )
        if self.system_place == "block":
            opening = (self.system[0], *(none + text for text in opening for none in self._none))
        elif self._merges:
            opening = (*opening, user + self.system[0], *(user + none for none in self._none))
        return frozenset(first + text for first in begin for text in opening)

    def joints(self) -> frozenset[str]:
        """Give every fixed text that may stand between the texts of two messages."""
        user, assistant, system = self.user, self.assistant, self.system
        following = [user[0], assistant[0], self.generation_prompt]
        before = [user[1], assistant[1]]
        if self.system_place == "block":
            before.append(system[1])
        if self.later_system is not None:
            following.append(self.later_system[0])
            before.append(self.later_system[1])
        joints = {end + start for end in before for start in following}
        if self.system_place == "block" and self.first_user is not None:
            joints.add(system[1] + self.first_user)
        if self._merges:
            joints |= {system[1]} | {end + user[0] + system[0] for end in before}
            joints |= {end + user[0] + none for end in before for none in self._none}
            if MERGED in self.trim:
                joints.add(system[1].rstrip() + user[1])
        return frozenset(joints | set(self._between_texts()) | set(self._thinking_texts()))

    def _between(self, *after: str, start: bool = False) -> tuple[str, ...]:
        """Give the texts of `between` that stand before some kinds of turns."""
        return tuple(
            text
            for first, second, text in self.between
            if second in after and (first == "start") == start
        )

    def _between_texts(self) -> Iterator[str]:
        """Yield what stands between texts: an empty one has that on both sides as one."""
        before = [text for _, second, text in self.between if second == "empty"]
        after = [text for first, _, text in self.between if first == "empty"]
        after = after or [self.assistant[1] + self.user[0]]
        yield from (left + right for left in before for right in after)
        for first, second, text in self.between:
            if first != "start" and "empty" not in {first, second}:
                yield text

    def _thinking_texts(self) -> Iterator[str]:
        for rule in self.thinking:
            yield from filter(None, (rule.before, rule.between, rule.alone))

    @property
    def _merges(self) -> bool:
        return self.system_place in INSIDE

    @property
    def _none(self) -> tuple[str, ...]:
        """What stands in the place of a system text that is not there, or blank."""
        return tuple(dict.fromkeys((self.no_system, self.blank_system or "")))

    def _breaks(self, lead: str) -> bool:
        """Say whether `lead`, between a text and a label, is more than a space."""
        return lead.rstrip(" \t").endswith("\n") or any(t in lead for t in self.special_tokens)

    def _labels(self, text: str) -> Iterator[str]:
        """Yield what begins a line of `text` up to a control token."""
        for line in text.split("\n"):
            label = line
            for token in self.special_tokens:
                label = label.partition(token)[0]
            if 0 < len(label.strip()) <= _LONGEST_LABEL:
                yield label.strip()

    def _texts(self) -> tuple[str, ...]:
        around = (*self.system, *self.user, *self.assistant)
        others = (self.begin, *self._none, self.first_user or "", self.generation_prompt)
        more = (*(text for *_, text in self.between), *self._thinking_texts())
        return (*around, *others, *more, *self.stop, self.bos)


def tokens_in(text: str) -> list[str]:
    """Find what looks like control tokens, in order."""
    return _TOKEN.findall(text)
