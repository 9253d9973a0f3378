"""Where the corpora are, and the conversations behind their expected prompts."""

from __future__ import annotations

import os
from pathlib import Path

TEMPLATES = Path(os.environ.get("CHATADAPTERS_CORPORA", ".")) / "templates"

_TURNS = [
    ("user", "Hello, how are you?"),
    ("assistant", "I'm doing great. How can I help you today?"),
    ("user", "I'd like to show off how chat templating works!"),
]
OLLAMA = {
    "user": _TURNS[:1],
    "user-assistant-user": _TURNS,
    "system-user-assistant-user": [("system", "You are a helpful assistant."), *_TURNS],
}
