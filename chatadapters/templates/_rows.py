"""Rows of a data set as text to train on or to complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatadapters._errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._dialogue import DialogueTemplate


def prepare_dialogue(
    example: Mapping[str, Any], template: DialogueTemplate, is_train: bool = True
) -> dict[str, Any]:
    r"""Write one row of a data set as text; for `map` of a data set.

    Args:
        example: The row: `messages`, or `prompt` and `completion`, or a `prompt` alone.
        template: How the model wants it written.
        is_train: True closes every turn; False ends with the generation prompt.

    Returns:
        The row with `text`, and `replies`: where the assistant's texts stand in it, each with
        what ends it, as `[start, stop]`. A loss is computed on these characters alone.

    Raises:
        TemplateError: If the row has none of these columns, or a message that cannot be written.

    Example:
        >>> from chatadapters.templates import DialogueTemplate
        >>> row = prepare_dialogue({"prompt": "Hi", "completion": "Hello!"}, DialogueTemplate())
        >>> [row["text"][start:stop] for start, stop in row["replies"]]
        ['Hello!<|end|>\n']
    """
    if isinstance(template, str):
        raise TemplateError(f"template={template!r}: give get_template({template!r})")
    rendered = template.rendered(_messages(example), inference=not is_train)
    return {**example, "text": rendered.prompt, "replies": [list(s) for s in rendered.replies]}


def _messages(example: Mapping[str, Any]) -> Any:
    if example.get("messages") is not None:
        return example["messages"]
    sides = [("user", example.get("prompt")), ("assistant", example.get("completion"))]
    given = [{"role": role, "content": text} for role, text in sides if text is not None]
    if not given or given[0]["role"] != "user":
        raise TemplateError(
            f"a row needs 'messages', or 'prompt' and 'completion', or 'prompt': {list(example)!r}"
        )
    return given
