"""Mesop: `mesop mesop_app.py`. The embedded model; no key."""

import mesop as me
import mesop.labs as mel

from chatadapters import local_predict
from chatadapters.ui import for_mesop

SYSTEM = "Give short, clear answers in English."
predict = local_predict(system=SYSTEM, max_tokens=256, additional_inputs=("temperature",))


@me.stateclass
class Settings:
    """What the page's own elements say."""

    temperature: float = 0.2


def on_temperature(event: me.InputBlurEvent) -> None:
    """Take a new temperature."""
    me.state(Settings).temperature = float(event.value)


transform = for_mesop(predict, inputs=lambda: {"temperature": me.state(Settings).temperature})


@me.page(path="/", title="Ask SmolLM2")
def page() -> None:
    """Show the chat."""
    with me.box(style=me.Style(position="absolute", right=60, top=4)):
        value = str(me.state(Settings).temperature)
        me.input(label="Temperature", type="number", value=value, on_blur=on_temperature)
    mel.chat(transform, title="Ask SmolLM2", bot_user="SmolLM2")
