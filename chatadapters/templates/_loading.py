"""The ways into a template from what models bring: JSON, Jinja, tokenizer files, GGUF, the hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._jinja import JinjaLayout
    from ._layout import Layout


class Loaded:
    """The constructors of `DialogueTemplate` that read something."""

    if TYPE_CHECKING:

        def __init__(
            self,
            system: str = "",
            messages: Any = None,
            *,
            layout: Layout | JinjaLayout | None = None,
        ) -> None: ...

    @classmethod
    def from_jinja(
        cls,
        text: str,
        *,
        bos_token: str = "",
        eos_token: str = "",
        special_tokens: Sequence[str] = (),
        **variables: Any,
    ) -> Self:
        r"""Make a template of a Jinja chat template, as models bring it.

        It is compiled to a `Layout` where one writes the same text (proved by comparing both
        on many conversations), else rendered by sandboxed Jinja each time, set up as
        transformers does it; `source` says which. Needs the extra `jinja`.

        Args:
            text: The Jinja template.
            bos_token: The model's beginning-of-sequence token.
            eos_token: The model's end-of-sequence token.
            special_tokens: Other control tokens that no text of a conversation may contain.
            **variables: Other variables of the template, such as `enable_thinking=False`.

        Returns:
            The template.

        Raises:
            TemplateError: If it cannot render even one user message.
            MissingDependencyError: If jinja2 is not installed.

        Example:
            >>> from chatadapters.templates import DialogueTemplate
            >>> template = DialogueTemplate.from_jinja(
            ...     "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}"
            ...     "{% if add_generation_prompt %}<|assistant|>{% endif %}", eos_token="</s>",
            ... )
            >>> template.source, template.get_inference_prompt("Hi")
            ('Jinja, compiled', '<|user|>Hi</s><|assistant|>')
        """
        from ._sources import layout_from_jinja

        return cls(
            layout=layout_from_jinja(
                text,
                bos_token=bos_token,
                eos_token=eos_token,
                special_tokens=tuple(special_tokens),
                **variables,
            )
        )

    @classmethod
    def from_tokenizer_config(
        cls, config: Mapping[str, Any] | str | Path, **variables: Any
    ) -> Self:
        """Make a template of a `tokenizer_config.json`.

        Args:
            config: Its path, the path of its folder (where `chat_template.jinja` may lie
                beside it), or its content.
            **variables: Other variables of the template.

        Returns:
            The template, with the control tokens that the configuration lists.

        Raises:
            TemplateError: If there is no chat template, or a broken one.
            MissingDependencyError: If jinja2 is not installed.
        """
        from ._sources import layout_from_config, read_config

        if isinstance(config, (str, Path)):
            return cls(
                layout=layout_from_config(read_config(config), source=str(config), **variables)
            )
        return cls(layout=layout_from_config(config, **variables))

    @classmethod
    def from_gguf(cls, path: str | Path, **variables: Any) -> Self:
        """Make a template of the Jinja chat template inside a GGUF model file.

        Args:
            path: The model file; only its header is read.
            **variables: Other variables of the template.

        Returns:
            The template, with the control tokens of the model's vocabulary.

        Raises:
            TemplateError: If it is no GGUF file or has no chat template.
            MissingDependencyError: If jinja2 is not installed.
        """
        from ._gguf import read_gguf
        from ._sources import layout_from_config

        return cls(layout=layout_from_config(read_gguf(path), source=str(path), **variables))

    @classmethod
    def from_pretrained(cls, model: str | Path, **variables: Any) -> Self:
        """Make the template of a model: from its folder, or from a repository of the hub.

        A `dialogue_template.json` counts before a Jinja chat template.

        Args:
            model: A folder, or `owner/name` on the hub (needs the extra `huggingface`).
            **variables: Other variables of a Jinja template.

        Returns:
            The template.

        Raises:
            TemplateError: If the model has none.
            MissingDependencyError: If a package is missing.
        """
        from ._sources import downloaded

        folder = Path(model) if Path(model).is_dir() else downloaded(str(model))
        if (folder / "dialogue_template.json").is_file():
            return cls.load(folder / "dialogue_template.json")
        return cls.from_tokenizer_config(folder, **variables)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, or the six fields of an original `dialogue_template.json`.

        Args:
            text: The JSON text.

        Returns:
            The template.

        Raises:
            TemplateError: If it is neither, or has fields that do not exist.

        Example:
            >>> from chatadapters.templates import DialogueTemplate
            >>> DialogueTemplate.from_json(DialogueTemplate().to_json()) == DialogueTemplate()
            True
        """
        from ._json import from_json

        system, messages, layout = from_json(text)
        return cls(system, messages, layout=layout)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the template from a JSON file that `save` wrote, or from an original one.

        Args:
            path: The file.

        Returns:
            The template.

        Raises:
            TemplateError: If it is no template.
        """
        from ._json import from_json

        system, messages, layout = from_json(Path(path))
        return cls(system, messages, layout=layout)
