"""The clients that are measured, each the loop that its own documentation shows.

A client is a function in a module of its own: it takes the server's address, makes what is made
once, and returns a function that takes a message and gives the texts of the reply one by one.
Sync and async are two functions, `name` and `name_async`. Nothing is imported before it is called.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """One way to read a reply.

    Attributes:
        label: What tables call it.
        pins: The environment it runs in: `benchmarks/pins/NAME.txt`.
        function: Module and function in this package, such as `openai_sdk.chat`.
        wire: What the server speaks.
        imports: What a program that uses it imports.
        ours: Whether it is a predict.
        growing: Whether each text is the reply so far, and not what is new.
        uvloop: Whether its event loop is uvloop's.
    """

    label: str
    pins: str
    function: str
    wire: str
    imports: str
    ours: bool = False
    growing: bool = False
    uvloop: bool = False

    @property
    def is_async(self) -> bool:
        """Whether it is the async one of the two."""
        return self.function.endswith("_async")


def _both(
    label: str,
    pins: str,
    function: str,
    imports: str,
    wire: str = "chat",
    *,
    ours: bool = False,
    growing: bool = False,
) -> list[Client]:
    """Give the sync and the async client."""
    return [
        Client(label, pins, function + suffix, wire, imports, ours, growing)
        for suffix in ("", "_async")
    ]


_PREDICT = "from chatadapters import make_predict"
_HUB = "from huggingface_hub import InferenceClient"
OURS = "chatadapters"
LOOP = "openai, its loop"
BARE = "bare socket"

CLIENTS = [
    *_both(BARE, "openai", "bare.chat", "import http.client, orjson"),
    *_both(OURS, "openai", "ours.chat", _PREDICT, ours=True, growing=True),
    *_both("chatadapters, events", "openai", "ours.events", _PREDICT, ours=True),
    *_both("huggingface_predict", "huggingface", "ours.hub", _PREDICT, ours=True, growing=True),
    *_both("langchain_predict", "langchain", "ours.langchain", _PREDICT, ours=True, growing=True),
    *_both(LOOP, "openai", "openai_sdk.chat", "import openai"),
    *_both("aisuite", "aisuite", "aisuite_.chat", "import aisuite"),
    *_both("huggingface_hub", "huggingface", "hub.chat", _HUB),
    *_both("any-llm", "any-llm", "any_llm_.chat", "import any_llm"),
    *_both("langchain-openai", "langchain", "langchain_.chat", "import langchain_openai"),
    *_both("litellm", "litellm", "litellm_.chat", "import litellm"),
    *_both(OURS, "openai", "ours.chat", _PREDICT, "padded", ours=True, growing=True),
    *_both(LOOP, "openai", "openai_sdk.chat", "import openai", "padded"),
    *_both(OURS, "openai", "ours.responses", _PREDICT, "responses", ours=True, growing=True),
    *_both(LOOP, "openai", "openai_sdk.responses", "import openai", "responses"),
    *_both(OURS, "openai", "ours.completions", _PREDICT, "completions", ours=True, growing=True),
    *_both(LOOP, "openai", "openai_sdk.completions", "import openai", "completions"),
    *_both(OURS, "text-generation", "ours.tgi", _PREDICT, "tgi", ours=True, growing=True),
    *_both("text-generation", "text-generation", "tgi.generate", "import text_generation", "tgi"),
    *_both("huggingface_hub", "huggingface", "hub.generate", _HUB, "tgi"),
]  # fmt: skip
# What the libraries below a client cost, each with orjson behind it and no objects.
LIBRARIES = [
    *_both(BARE, "openai", "bare.chat", ""),
    *_both("httpx2", "openai", "raw.httpx2", ""),
    Client("aiohttp", "openai", "raw.aiohttp_async", "chat", ""),
    *_both("openai, raw bytes", "openai", "raw.openai", ""),
    Client("openai on aiohttp, raw bytes", "openai", "raw.openai_aiohttp_async", "chat", ""),
    *_both(LOOP, "openai", "openai_sdk.chat", ""),
    *_both(OURS, "openai", "ours.chat", _PREDICT, ours=True, growing=True),
]
