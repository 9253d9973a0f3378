"""Textual: `python textual_app.py`. The embedded model; no key."""

from __future__ import annotations

from textual import work
from textual.app import App
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Markdown

from chatadapters import local_predict
from chatadapters.ui import Conversation

SYSTEM = "Give short, clear answers in English."
predict = local_predict(system=SYSTEM, max_tokens=256, additional_inputs=("temperature",))


class Chat(App[None]):
    """A chat in the terminal."""

    BINDINGS = (
        ("escape", "stop", "Stop"),
        ("f2", "warmer", "Warmer"),
        ("pageup", "page(-1)", "Up"),
        ("pagedown", "page(1)", "Down"),
    )
    temperature = 0.2

    async def on_mount(self) -> None:
        """Begin a conversation."""
        self.conversation = Conversation(predict, inputs=lambda: {"temperature": self.temperature})
        self.talk = VerticalScroll(can_focus=False)
        await self.mount(self.talk, Input(placeholder="Say something"), Footer())

    @work(exclusive=True)
    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        if not event.value.strip():
            return
        place = Markdown()
        await self.talk.mount(Markdown(f"> {event.value}"), place)
        event.input.clear()
        self.talk.anchor()  # the newest text stays in sight, until the person scrolls up
        async for text in self.conversation.aask(event.value):
            await place.update(text)

    def action_stop(self) -> None:
        """Stop the answer."""
        self.workers.cancel_all()

    def action_page(self, pages: int) -> None:
        """Scroll."""
        self.talk.scroll_relative(y=pages * self.talk.size.height, animate=False)

    def action_warmer(self) -> None:
        """Raise the temperature."""
        self.temperature += 0.5


if __name__ == "__main__":
    Chat().run()
