"""One conversation as every chat UI hands it over, as captured from each; files lie in a folder."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import msgspec
from langchain_core.messages import AIMessage, AIMessageChunk, ChatMessage, HumanMessage

from chatadapters import Message

PNG = b"\x89PNG\r\n\x1a\n"
PNG_URL = "data:image/png;base64,iVBORw0KGgo="


class MarimoMessage(msgspec.Struct):
    """The fields of marimo's `ChatMessage`."""

    role: str
    content: Any
    id: str = ""
    parts: list[Any] = []
    attachments: list[Any] | None = None
    metadata: Any | None = None


@dataclass
class MarimoPart:
    """The fields of marimo's `TextPart`, `ReasoningPart` and `StepStartPart`."""

    type: str
    text: str | None = None
    details: None = None


@dataclass
class MarimoFile:
    """The fields of marimo's `FilePart`."""

    type: str
    media_type: str
    url: str
    filename: str | None = None


@dataclass
class MesopMessage:
    """The fields of Mesop's `ChatMessage`."""

    role: str = "user"
    content: str = ""


@dataclass
class ShinyAttachment:
    """The fields of shinychat's `Attachment`."""

    mime: str
    name: str
    data_url: str
    size: int = 0


@dataclass
class ChainlitMessage:
    """The fields of `cl.Message` that matter."""

    content: str
    type: str = "user_message"
    elements: list[Any] = field(default_factory=list)
    command: str | None = None
    metadata: dict[str, Any] | None = None


@dataclass
class ChainlitElement:
    """The fields of `cl.Image` and `cl.File` that matter."""

    name: str
    mime: str
    path: str | None
    type: str = "file"
    url: str | None = None
    content: bytes | str | None = None


@dataclass
class PanelMessage:
    """The fields of Panel's `ChatMessage` that matter."""

    object: Any
    user: str = "User"


class UploadedFile(BytesIO):
    """What Streamlit's `UploadedFile` is."""

    def __init__(self, data: bytes, name: str, mime: str) -> None:
        super().__init__(data)
        self.name = name
        self.type = mime


class ChatInputValue(MutableMapping[str, Any]):
    """What Streamlit's `ChatInputValue` is: a mapping that has its items as attributes too."""

    def __init__(self, **items: Any) -> None:
        self.__dict__.update(items)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __delitem__(self, name: str) -> None:
        del self.__dict__[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)


def gradio_text(role: str, text: str) -> dict[str, Any]:
    """Give an entry as Gradio 6 hands it over in the browser."""
    content = [{"text": text, "type": "text"}]
    return {"role": role, "metadata": None, "content": content, "options": None}


def gradio_file(path: Path) -> dict[str, Any]:
    """Give a file as Gradio describes it."""
    return {
        "path": str(path),
        "url": f"/gradio_api/file={path}",
        "size": None,
        "orig_name": path.name,
        "mime_type": None,
        "is_stream": False,
        "meta": {"_type": "gradio.FileData"},
    }


#: After "hi" and "Hello", the user says "second"; entry by entry as captured.
HISTORIES: dict[str, Any] = {
    "gradio 6, browser": [gradio_text("user", "hi"), gradio_text("assistant", "Hello")],
    "gradio 6, API": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}],
    "gradio 6, objects": [
        gr.ChatMessage(role="user", content="hi"),
        gr.ChatMessage(role="assistant", content=["Hello"]),
    ],
    "gradio 5 messages, browser": [
        {"role": "user", "metadata": None, "content": "hi", "options": None},
        {"role": "assistant", "metadata": None, "content": "Hello", "options": None},
    ],
    "gradio 5 tuples, browser": [["hi", "Hello"]],
    "gradio 5 tuples, API": [("hi", "Hello")],
    "gradio 4 messages": [
        {"role": "user", "metadata": {"title": None}, "content": "hi"},
        {"role": "assistant", "metadata": {"title": None}, "content": "Hello"},
    ],
    "gradio 4 multimodal, API": [[{"text": "hi", "files": []}, "Hello"]],
    "after a reply that never came": [["hi", "Hello"], ["second", None]],
    "streamlit": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}],
    "streamlit, appended first": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "second"},
    ],
    "chainlit, objects": [
        ChainlitMessage("hi"),
        ChainlitMessage("Hello", type="assistant_message"),
        ChainlitMessage("second"),
    ],
    "panel, objects": [PanelMessage("hi"), PanelMessage("Hello", "Assistant")],
    "marimo": [
        MarimoMessage("user", "hi", "u1", [MarimoPart("text", "hi")]),
        MarimoMessage(
            "assistant",
            "\nwhy\nHello",
            "a",
            [MarimoPart("step-start"), MarimoPart("reasoning", "why"), MarimoPart("text", "Hello")],
        ),
        MarimoMessage("user", "second", "u2", [MarimoPart("text", "second")]),
    ],
    "marimo, without parts": [MarimoMessage("user", "hi"), MarimoMessage("assistant", "Hello")],
    "mesop, generator": [
        MesopMessage("user", "hi"),
        MesopMessage("assistant", "Hello"),
        MesopMessage("user", "second"),
        MesopMessage("assistant", ""),
    ],
    "mesop, function": [
        MesopMessage("user", "hi"),
        MesopMessage("assistant", "Hello"),
        MesopMessage("user", "second"),
    ],
    "shiny": (
        {"content": "hi", "role": "user"},
        {"content": "Hello", "role": "assistant"},
        {"content": "second", "role": "user"},
    ),
    "openai blocks": [
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello"}], "refusal": None},
    ],
    "openai responses": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
        },
    ],
    "langchain": [HumanMessage("hi"), AIMessage("Hello")],
    "langchain, blocks": [
        HumanMessage([{"type": "text", "text": "hi"}]),
        AIMessage(
            [{"type": "reasoning", "reasoning": "why"}, {"type": "text", "text": "Hello"}],
        ),
    ],
    "langchain, other classes": [
        ChatMessage(role="user", content="hi"),
        AIMessageChunk("Hello"),
    ],
    "langchain, as dicts": [HumanMessage("hi").model_dump(), AIMessage("Hello").model_dump()],
    "our own": [Message("user", "hi"), Message("assistant", "Hello")],
}
