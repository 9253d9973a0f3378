"""Names to templates: families, their aliases, and the families of well-known models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from chatadapters._errors import TemplateError

from ._dialogue import DialogueTemplate
from ._layout import Layout


def get_template(name: str) -> DialogueTemplate:
    r"""Give the template of a family.

    Args:
        name: A name or alias that `list_templates` gives; case, `_` and space do not matter.

    Returns:
        The template.

    Raises:
        TemplateError: For a name that does not exist; the text shows the nearest ones.

    Example:
        >>> get_template("chatml").get_inference_prompt("Hi")
        '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n'
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TemplateError(f"{name!r} is no name of a template: see list_templates()")
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    families = _families()
    family = _aliases().get(key, key)
    if family not in families:
        from difflib import get_close_matches

        near = get_close_matches(key, [*families, *_aliases()], n=5, cutoff=0.4)
        hint = f"did you mean {', '.join(map(repr, near))}?" if near else "see list_templates()"
        if "/" in name or name.endswith((".json", ".jinja", ".gguf")):
            hint += "; template_for takes a model's name, DialogueTemplate.load a file"
        raise TemplateError(f"there is no template {name!r}: {hint}")
    return _template(family)


def list_templates() -> list[str]:
    """Give the names of all families, sorted, aliases not among them.

    Example:
        >>> "zephyr" in list_templates()
        True
    """
    return sorted(_families())


def template_for(model: str) -> DialogueTemplate:
    """Give the template of a well-known model by its name.

    Names say little: `DialogueTemplate.from_pretrained` reads what the model itself says.

    Args:
        model: The model's name on the hub, of its file or on a server.

    Returns:
        The template of the family it belongs to.

    Raises:
        TemplateError: If the name tells no family.

    Example:
        >>> template_for("mistralai/Mixtral-8x7B-Instruct-v0.1").name
        'mistral-v1'
    """
    from .families.aliases import MODELS

    key = model.lower().replace("_", "-").replace(" ", "-")
    for pattern, family in MODELS:
        if re.search(pattern, key):
            return _template(family)
    raise TemplateError(
        f"the name {model!r} tells no template family: choose one of list_templates(), or use "
        "DialogueTemplate.from_pretrained"
    )


@cache
def _families() -> dict[str, dict[str, Any]]:
    from .families import labelled, marked, others, starchat

    return starchat.FAMILIES | marked.FAMILIES | labelled.FAMILIES | others.FAMILIES


@cache
def _aliases() -> dict[str, str]:
    from .families.aliases import ALIASES

    return ALIASES


@cache
def _template(family: str) -> DialogueTemplate:
    data = dict(_families()[family])
    system = data.pop("system_text", "")
    return DialogueTemplate(system, layout=Layout(name=family, **data))
