"""Other names of the families, and the models that belong to them."""

from __future__ import annotations

from typing import Final

ALIASES: Final[dict[str, str]] = {
    "no-system": "starchat",
    "default": "starchat-default",
    "starchat-beta": "starchat",
    "chat-ml": "chatml",
    "hermes": "chatml",
    "llama2": "llama-2",
    "llama3": "llama-3",
    "llama-3.2": "llama-3.1",
    "llama-3.3": "llama-3.1",
    "mistral": "mistral-v3",
    "mixtral": "mistral-v1",
    "gemma-2": "gemma",
    "phi-3.5": "phi-3",
    "phi3": "phi-3",
    "phi4": "phi-4",
    "qwen": "qwen-2.5",
    "deepseek": "deepseek-3",
    "granite": "granite-3",
    "openchat-3.5": "openchat",
}
