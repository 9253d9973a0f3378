"""Textual: `python textual_app.py`. The embedded model in the terminal; no key."""

from __future__ import annotations

from textual import work
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown

from chatadapters import local_predict
from chatadapters.ui import explain

predict = local_predict(system="Give short, clear answers in English.", max_tokens=256)


class Chat(App[None]):
    """A chat; Escape stops an answer."""

    BINDINGS = (("escape", "stop", "Stop"),)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        self.history: list[dict[str, str]] = []
        yield VerticalScroll()
        yield Input(placeholder="Say something")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send what was typed."""
        event.input.clear()
        self.answer(event.value)

    @work(exclusive=True)
    async def answer(self, message: str) -> None:
        """Answer a message; the history keeps what came, also of a stopped answer."""
        turns, reply = [*self.history], {"role": "assistant", "content": ""}
        self.history += [{"role": "user", "content": message}, reply]
        place = Markdown()
        await self.query_one(VerticalScroll).mount(Markdown(f"> {message}"), place)
        stream = Markdown.get_stream(place)
        try:
            async for delta in predict.aio.deltas(message, turns):
                reply["content"] += delta
                await stream.write(delta)
        except Exception as error:
            await stream.write(f"\n\n**{explain(error)}**")
        finally:
            await stream.stop()

    def action_stop(self) -> None:
        """Stop the answer."""
        self.workers.cancel_all()


if __name__ == "__main__":
    Chat().run()
