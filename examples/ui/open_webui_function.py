"""Open WebUI: the text of a function of the kind Pipe. The embedded model; no key."""

from __future__ import annotations

from chatadapters import local_predict
from chatadapters.ui import for_open_webui

# Of the parameters of a chat, the named ones are sent; its own system prompt comes after ours.
predict = local_predict(
    system="Give short, clear answers in English.",
    max_tokens=256,
    additional_inputs=("temperature", "max_tokens"),
)

Pipe = for_open_webui(predict)
