"""Mesop: `mesop mesop_app.py`. The embedded model; no key."""

from __future__ import annotations

import mesop as me
import mesop.labs as mel

from chatadapters import local_predict
from chatadapters.ui import for_mesop

predict = local_predict(system="Give short, clear answers in English.", temperature=0.2)
transform = for_mesop(predict)


@me.page(path="/", title="Ask SmolLM2")
def page() -> None:
    """Show the chat."""
    mel.chat(transform, title="Ask SmolLM2", bot_user="SmolLM2")
