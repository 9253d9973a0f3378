"""Chat prompt templates: conversations as the one text that a model was trained on."""

from ._dialogue import DialogueTemplate
from ._guard import Change, Escape
from ._jinja import JinjaLayout
from ._layout import Layout
from ._registry import get_template, list_templates, template_for
from ._rendered import Rendered
from ._rows import prepare_dialogue
from ._texts import Thinking

__all__ = [
    "Change",
    "DialogueTemplate",
    "Escape",
    "JinjaLayout",
    "Layout",
    "Rendered",
    "Thinking",
    "get_template",
    "list_templates",
    "prepare_dialogue",
    "template_for",
]
