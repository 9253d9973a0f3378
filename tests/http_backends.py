"""Every backend that reads HTTP itself, pointed at a server: nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatadapters import huggingface_predict, openai_predict, text_generation_predict

KEY = "sk-fault-Zm9yYmlkZGVu"

Make = Callable[..., Any]


def openai_chat(url: str, **options: Any) -> Any:
    return openai_predict("fault", base_url=url, api_key=KEY, **options)


def openai_responses(url: str, **options: Any) -> Any:
    return openai_predict("fault", base_url=url, api_key=KEY, api="responses", **options)


def tgi(url: str, **options: Any) -> Any:
    return text_generation_predict(url, token=KEY, max_new_tokens=100, **options)


def completions(url: str, **options: Any) -> Any:
    return text_generation_predict(url, token=KEY, wire="completions", **options)


def huggingface_chat(url: str, **options: Any) -> Any:
    return huggingface_predict("fault", base_url=url, token=KEY, **options)


def huggingface_text(url: str, **options: Any) -> Any:
    task = {"task": "text-generation", "template": "starchat"}
    return huggingface_predict(base_url=url, token=KEY, **task, **options)


#: Every backend with the dialect it speaks: one line each.
BACKENDS: dict[str, tuple[str, Make]] = {
    "openai-chat": ("openai", openai_chat),
    "openai-responses": ("responses", openai_responses),
    "tgi": ("tgi", tgi),
    "completions": ("completions", completions),
    "huggingface-chat": ("openai", huggingface_chat),
    "huggingface-text": ("tgi", huggingface_text),
}
