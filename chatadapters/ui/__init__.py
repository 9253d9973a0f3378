"""Predict functions for chat UIs whose callback is not `(message, history)`, or that have none."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._explain import explain
    from .chainlit import for_chainlit
    from .conversation import Conversation
    from .gradio import for_gradio
    from .marimo import for_marimo
    from .mesop import for_mesop
    from .open_webui import for_open_webui
    from .panel import for_panel
    from .shiny import for_shiny

__all__ = [
    "Conversation",
    "explain",
    "for_chainlit",
    "for_gradio",
    "for_marimo",
    "for_mesop",
    "for_open_webui",
    "for_panel",
    "for_shiny",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = ".._explain" if name == "explain" else f".{name.removeprefix('for_').lower()}"
    module = import_module(home, __name__)
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
