"""Open WebUI: the text of a function of the kind Pipe. The embedded model; no key."""

from __future__ import annotations

from chatadapters import local_predict
from chatadapters.ui import for_open_webui

# Of the parameters of a chat, the named ones are sent; a system prompt comes in the messages.
predict = local_predict(max_tokens=256, additional_inputs=("temperature", "max_tokens"))

Pipe = for_open_webui(predict)
