"""Textual: `python textual_app.py`; Escape stops an answer. The embedded model; no key."""

from __future__ import annotations

from textual import work
from textual.app import App
from textual.widgets import Input, Markdown

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Give short, clear answers in English.", temperature=0.2)


class Chat(App[None]):
    """A chat in the terminal."""

    BINDINGS = (("escape", "stop", "Stop"),)

    def on_mount(self) -> None:
        """Begin a conversation."""
        self.history: list[dict[str, str]] = []
        self.mount(Input(placeholder="Say something"))

    @work(exclusive=True)
    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer; the history keeps what came, also of a stopped answer."""
        turns, reply = [*self.history], {"role": "assistant", "content": ""}
        self.history += [{"role": "user", "content": event.value}, reply]
        place = Markdown()
        await self.mount(Markdown(f"> {event.value}"), place, before=event.input)
        event.input.clear()
        try:
            async for reply["content"] in predict.aio(self.history[-2]["content"], turns):
                await place.update(reply["content"])
        except Exception as error:
            await place.append(f"\n\n**{explain(error)}**")

    def action_stop(self) -> None:
        """Stop the answer."""
        self.workers.cancel_all()


if __name__ == "__main__":
    Chat().run()
