"""Textual: `python textual_app.py`. The embedded model; no key."""

from __future__ import annotations

from textual import work
from textual.app import App
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Markdown

from chatadapters import local_predict
from chatadapters.ui import explain

SYSTEM = "Give short, clear answers in English."
predict = local_predict(system=SYSTEM, max_tokens=256, additional_inputs=("temperature",))


class Chat(App[None]):
    """A chat in the terminal."""

    BINDINGS = (("escape", "stop", "Stop"), ("f2", "warmer", "Warmer"))
    temperature = 0.2

    async def on_mount(self) -> None:
        """Begin a conversation."""
        self.history: list[dict[str, str]] = []
        self.talk = VerticalScroll(can_focus=False)
        await self.mount(self.talk, Input(placeholder="Say something"), Footer())
        self.talk.anchor()  # the newest text stays in sight

    @work(exclusive=True)
    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer; the history keeps what came, also of a stopped answer."""
        message, turns, reply = event.value, [*self.history], {"role": "assistant", "content": ""}
        self.history += [{"role": "user", "content": message}, reply]
        place = Markdown()
        await self.talk.mount(Markdown(f"> {message}"), place)
        event.input.clear()
        try:
            async for reply["content"] in predict.aio(message, turns, self.temperature):
                await place.update(reply["content"])
        except Exception as error:
            await place.append(f"\n\n**{explain(error)}**")

    def action_stop(self) -> None:
        """Stop the answer."""
        self.workers.cancel_all()

    def action_warmer(self) -> None:
        """Raise the temperature."""
        self.temperature += 0.5


if __name__ == "__main__":
    Chat().run()
