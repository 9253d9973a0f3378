"""A Jinja chat template that cannot be written as pieces: rendered in the sandbox each time."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chatadapters._errors import MissingDependencyError, TemplateError

from ._marks import GENERATION_MARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._jinja_renderer import JinjaRenderer
    from ._looked import Looked
    from ._render import Turn
    from ._sandbox import Program


@dataclass(frozen=True)
class JinjaLayout:
    """A Jinja chat template, where a `Layout` cannot say the same.

    Attributes:
        jinja: The template.
        bos: The beginning-of-sequence token, `bos_token` in the template.
        opens_with_bos: Whether the template itself writes it at the beginning.
        eos: The end-of-sequence token, `eos_token` in the template.
        variables: Other variables of the template, as pairs of name and JSON value.
        stop: As in `Layout`.
        special_tokens: As in `Layout`.
        reserved: As in `Layout`.
        labels: Plain text that opens a turn.
        generation_prompt: What the template writes after a user's text for the answer.
        name: As in `Layout`.
        source: As in `Layout`.

    Example:
        >>> JinjaLayout("{{ messages[0].content }}", name="bare").name
        'bare'
    """

    jinja: str
    bos: str = ""
    opens_with_bos: bool = False
    eos: str = ""
    variables: tuple[tuple[str, Any], ...] = ()
    stop: tuple[str, ...] = ()
    special_tokens: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ("<|endoftext|>",)
    labels: tuple[str, ...] = ()
    generation_prompt: str = ""
    name: str = field(default="", compare=False)
    source: str = field(default="", compare=False)

    @cached_property
    def renderer(self) -> JinjaRenderer:
        """What writes conversations with this template; made at first use."""
        from ._jinja_renderer import JinjaRenderer

        return JinjaRenderer(self)

    def __getstate__(self) -> dict[str, object]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def tokens(self) -> None:
        """Give None: this is not of StarChat's shape."""

    def text(
        self,
        turns: Sequence[Turn],
        *,
        inference: bool,
        now: Callable[[str], str] | None = None,
        marks: tuple[str, str] = ("", ""),
    ) -> str:
        """Render turns as they are, the system message among them.

        Args:
            turns: Role and text of each message.
            inference: Whether the generation prompt stands at the end.
            now: What `strftime_now` gives instead of the date.
            marks: What opens and closes each `{% generation %}` block.

        Returns:
            The text, as the template writes it.

        Raises:
            TemplateError: Where the template raises, is wrong, or does too much.
            MissingDependencyError: If jinja2 is not installed.
        """
        program, variables = self._program, self._variables(turns, inference, marks)
        from jinja2 import TemplateError as JinjaError

        try:
            return program.render(variables, now) if now else program.render(variables)
        except JinjaError as error:
            raise TemplateError(f"the chat template fails: {error}") from error

    def looked(self) -> Looked:
        """Give what the template may look for in texts."""
        return self._program.looked

    @cached_property
    def _program(self) -> Program:
        try:
            from jinja2 import TemplateError as JinjaError

            from ._sandbox import program
        except ImportError as error:
            raise MissingDependencyError(
                'a Jinja chat template needs jinja2: pip install "chatadapters[jinja]"'
            ) from error
        try:
            return program(self.jinja, self._variables((), inference=True))
        except JinjaError as error:
            raise TemplateError(f"the chat template fails: {error}") from error

    def _variables(
        self, turns: Sequence[Turn], inference: bool, marks: tuple[str, str] = ("", "")
    ) -> dict[str, Any]:
        return {
            "messages": [{"role": role, "content": text} for role, text in turns],
            "tools": None,
            "documents": None,
            "add_generation_prompt": inference,
            "bos_token": self.bos,
            "eos_token": self.eos,
            **dict(zip(GENERATION_MARKS, marks, strict=True)),
            **dict(self.variables),
        }
