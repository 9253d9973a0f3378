"""Where the corpora are, and the conversations behind their expected prompts."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from chatadapters import Message

TEMPLATES = Path(os.environ.get("CHATADAPTERS_CORPORA", ".")) / "templates"

_TURNS = [
    Message("user", "Hello, how are you?"),
    Message("assistant", "I'm doing great. How can I help you today?"),
    Message("user", "I'd like to show off how chat templating works!"),
]
OLLAMA = {
    "user": _TURNS[:1],
    "user-assistant-user": _TURNS,
    "system-user-assistant-user": [Message("system", "You are a helpful assistant."), *_TURNS],
}

# What the comparisons with Jinja came to; shown at the end of the run.
COUNTS: Counter[str] = Counter()
