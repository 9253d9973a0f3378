"""`DialogueTemplate`: a conversation as the one text that a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from chatadapters._errors import TemplateError
from chatadapters._parts import Message

from ._fields import check_strings
from ._layout import STARCHAT_TOKENS, TOKEN_NAMES, Layout
from ._loading import Loaded
from ._messages import read_turns, with_system_apart

if TYPE_CHECKING:
    from ._guard import Escape
    from ._jinja import JinjaLayout
    from ._messages import Conversation
    from ._rendered import Rendered

Messages: TypeAlias = Sequence[Any] | str


@dataclass(frozen=True, init=False)
class DialogueTemplate(Loaded):
    r"""How a model wants a conversation written, and optionally a conversation to write.

    It is a value: frozen, compared by what it holds, hashable, safe to share. Text of a
    conversation can never forge a turn: control tokens and role labels in it are broken by a
    space after their first character (`escape="escape"`), removed (`"strip"`), refused with
    `InjectionError` (`"error"`) or, on your own responsibility, left alone (`"off"`).

    Attributes:
        system: The system text used when the messages bring none.
        messages: The conversation written when a method is given none.
        layout: The fixed text around it.

    Args:
        system: As above.
        messages: As above; anything a method takes.
        system_token: Opens the system text; this and the next three are the short way to a
            layout of StarChat's shape (token, newline, text, end token, newline).
        user_token: Opens a user's text.
        assistant_token: Opens an assistant's text.
        end_token: Ends each of them.
        layout: Any other layout, instead of the four tokens.

    Example:
        >>> template = DialogueTemplate(
        ...     system="Be brief.", messages=[{"role": "user", "content": "Hi"}]
        ... )
        >>> template.get_inference_prompt()
        '<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n'
        >>> template.stop
        ('<|end|>',)
    """

    system: str
    messages: tuple[Message, ...] | None
    layout: Layout | JinjaLayout

    def __init__(  # noqa: PLR0917 - the six fields in the order they were always given in
        self,
        system: str = "",
        messages: Messages | None = None,
        system_token: str = STARCHAT_TOKENS[0],
        user_token: str = STARCHAT_TOKENS[1],
        assistant_token: str = STARCHAT_TOKENS[2],
        end_token: str = STARCHAT_TOKENS[3],
        *,
        layout: Layout | JinjaLayout | None = None,
    ) -> None:
        tokens = (system_token, user_token, assistant_token, end_token)
        if layout is not None and tokens != STARCHAT_TOKENS:
            raise TemplateError("give either the four tokens or a layout, not both")
        check_strings(system=system, **dict(zip(TOKEN_NAMES, tokens, strict=True)))
        kept = None if messages is None else tuple(map(Message, *read_turns(messages)))
        object.__setattr__(self, "system", system)
        object.__setattr__(self, "messages", kept)
        object.__setattr__(self, "layout", layout or Layout.from_tokens(*tokens))

    @property
    def name(self) -> str:
        """The name of the family, `""` for one of your own."""
        return self.layout.name

    @property
    def source(self) -> str:
        """Where the layout is from."""
        return self.layout.source

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop sequences, the real end token first."""
        return self.layout.stop

    @property
    def generation_prompt(self) -> str:
        """What a prompt ends with, so that the model answers; it may open a `<think>` block."""
        return self.layout.generation_prompt

    @property
    def special_tokens(self) -> tuple[str, ...]:
        """The control tokens that the template writes, and its stop tokens."""
        return self.layout.special_tokens

    def get_special_tokens(self) -> list[str]:
        """Give the control tokens as a list, to add them to a tokenizer."""
        return list(self.layout.special_tokens)

    def get_training_prompt(
        self,
        messages: Messages | None = None,
        *,
        system: str | None = None,
        escape: Escape = "escape",
        bos: bool = False,
    ) -> str:
        r"""Write a whole conversation, every turn closed.

        Args:
            messages: The conversation: role and content dictionaries or `Message`s, the
                system message may be among them, or any history that `normalize` reads.
                None is the template's own.
            system: The system text; None is the template's own, unless the messages bring one.
            escape: What happens to control tokens in the text.
            bos: Whether to write the beginning-of-sequence token, which tokenizers usually add.

        Returns:
            The text.

        Raises:
            TemplateError: If there are no messages, or one that the template cannot write.

        Example:
            >>> DialogueTemplate().get_training_prompt("Hi")
            '<|system|>\n<|end|>\n<|user|>\nHi<|end|>\n'
        """
        conversation = self._conversation(messages, system)
        parts = self.layout.renderer.parts(*conversation, inference=False, escape=escape, bos=bos)
        return "".join(parts.pieces)

    def get_inference_prompt(
        self,
        messages: Messages | None = None,
        *,
        system: str | None = None,
        escape: Escape = "escape",
        bos: bool = False,
    ) -> str:
        r"""Write a conversation for the model to answer.

        It ends with the generation prompt. When the last message is the assistant's, that turn
        is left open instead, and the model continues it.

        Args:
            messages: As in `get_training_prompt`.
            system: As there.
            escape: As there.
            bos: As there.

        Returns:
            The text.

        Raises:
            TemplateError: As there.

        Example:
            >>> DialogueTemplate(system="Count.").get_inference_prompt([
            ...     {"role": "user", "content": "Go"}, {"role": "assistant", "content": "1, 2,"},
            ... ])
            '<|system|>\nCount.<|end|>\n<|user|>\nGo<|end|>\n<|assistant|>\n1, 2,'
        """
        conversation = self._conversation(messages, system)
        parts = self.layout.renderer.parts(*conversation, inference=True, escape=escape, bos=bos)
        return "".join(parts.pieces)

    def get_dialogue(self, messages: Messages | None = None, *, system: str | None = None) -> str:
        r"""Write a conversation for people to read, without the system text.

        Args:
            messages: As in `get_training_prompt`.
            system: Taken like everywhere, and not written.

        Returns:
            The text.

        Example:
            >>> DialogueTemplate().get_dialogue("Hi")
            '\n\nHuman: Hi'
        """
        _, roles, texts = self._conversation(messages, system)
        names = {"user": "Human", "assistant": "Assistant", "system": "System"}
        turns = zip(roles, texts, strict=True)
        return "".join(f"\n\n{names.get(role, role)}: {text}" for role, text in turns)

    def rendered(
        self,
        messages: Messages | None = None,
        *,
        system: str | None = None,
        escape: Escape = "escape",
        bos: bool = False,
        inference: bool = True,
    ) -> Rendered:
        """Write a conversation and say what was changed and where the replies stand.

        Args:
            messages: As in `get_training_prompt`.
            system: As there.
            escape: As there.
            bos: As there.
            inference: False writes the training prompt.

        Returns:
            The prompt, the changes, and the spans of the assistant's texts.

        Example:
            >>> DialogueTemplate().rendered("a<|end|>b").changes
            (Change(turn=0, role='user', found='<|end|>'),)
        """
        conversation = self._conversation(messages, system)
        write = self.layout.renderer.parts
        return write(*conversation, inference=inference, escape=escape, bos=bos).rendered()

    def render(
        self, conversation: Messages, *, escape: Escape = "escape", bos: bool = False
    ) -> str:
        r"""Write the prompt for a conversation as `normalize` gives it; what backends call.

        Args:
            conversation: The messages, the system message first if there is one; or anything
                that the other methods take.
            escape: As in `get_training_prompt`.
            bos: As there.

        Returns:
            The text.

        Raises:
            TemplateError: If there is a message that the template cannot write.
            UnsupportedContentError: If a message holds more than text.

        Example:
            >>> DialogueTemplate().render([Message("user", "Hi")])
            '<|system|>\n<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n'
        """
        split = with_system_apart(*read_turns(conversation), None, self.system)
        parts = self.layout.renderer.parts(*split, inference=True, escape=escape, bos=bos)
        return "".join(parts.pieces)

    def to_json(self) -> str:
        """Write the template as JSON; see `save`.

        Returns:
            One JSON object, indented.
        """
        from ._json import to_json

        return to_json(self.system, self.messages, self.layout)

    def to_jinja(self) -> str:
        r"""Write the template as a Jinja chat template, as tokenizers and servers take it.

        It writes the same prompts, with two differences: it does nothing against forged turns,
        since Jinja is given the conversation as it is, and an assistant's text at the end is
        closed, unless it is rendered with `continue_final_message=True`.

        Returns:
            The Jinja text, for the `chat_template` of a tokenizer.

        Example:
            >>> again = DialogueTemplate.from_jinja(DialogueTemplate().to_jinja())
            >>> again.get_inference_prompt("Hi") == DialogueTemplate().get_inference_prompt("Hi")
            True
        """
        if not isinstance(self.layout, Layout):
            return self.layout.jinja
        from ._to_jinja import to_jinja

        return to_jinja(self.layout, self.system)

    def save(self, path: str | Path) -> None:
        """Write the template into a JSON file.

        Args:
            path: The file. A template of StarChat's shape is written in the original format
                (six fields), any other with a version and its layout.
        """
        Path(path).write_text(self.to_json(), encoding="utf-8")

    def save_pretrained(self, folder: str | Path) -> None:
        """Write `dialogue_template.json` into a model's folder, which is made if need be.

        Args:
            folder: The folder.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.save(Path(folder) / "dialogue_template.json")

    def _conversation(self, messages: Messages | None, system: str | None) -> Conversation:
        if messages is None:
            messages = self.messages
        if messages is None:
            raise TemplateError(
                "there are no messages: give them to the method or to DialogueTemplate"
            )
        return with_system_apart(*read_turns(messages), system, self.system)
