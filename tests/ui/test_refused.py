from __future__ import annotations

from typing import Any

from chatadapters import Finish, HistoryError, Reasoning
from chatadapters.ui._refused import REFUSED, leaving_out_refused
from chatadapters.ui._shown import shown
from tests.ui.asked import Refusal, answering, asked


class Page:
    """A UI that shows what it is given, and keeps nothing else as its history."""

    def __init__(self, *scripts: Any) -> None:
        self.backend, predict = answering(*scripts, show_reasoning=True)
        self.answer = leaving_out_refused(shown(predict))
        self.history: list[dict[str, str]] = []

    async def ask(self, message: str) -> tuple[str, str, Exception | None]:
        """Give the reasoning and the answer that were shown, and the error that ended them."""
        reasoning = text = ""
        failed = None
        try:
            async for now in self.answer(message, [*self.history]):
                reasoning, text = now
        except Exception as error:
            failed = error
        turns = {"user": message, "assistant": text}
        self.history += [{"role": role, "content": said} for role, said in turns.items()]
        return reasoning, text, failed


async def test_a_refused_message_is_not_sent_again() -> None:
    """The chat shows that it was refused, and why; what was said before is sent with the next."""
    refusal = Refusal("no pictures")
    page = Page("One", [refusal], "Two", "Three")
    await page.ask("first")
    assert await page.ask("a picture") == ("", REFUSED, refusal)
    assert await page.ask("next") == ("", "Two", None)
    await page.ask("last")
    said = [turn for turn in page.history if turn["content"] not in ("a picture", REFUSED)]
    assert asked(page.backend) == [(turn["role"], turn["content"]) for turn in said[:-1]]


async def test_a_message_that_cannot_be_read() -> None:
    """It is found to be none before anything is sent."""
    page = Page("Two")
    _, text, error = await page.ask(42)  # type: ignore[arg-type]
    assert (text, type(error)) == (REFUSED, HistoryError)
    assert await page.ask("next") == ("", "Two", None)


async def test_other_errors_keep_the_message() -> None:
    """One whose answer failed, or broke off, is sent again: it was not refused."""
    page = Page([PermissionError("no key")], ["It went", Refusal("filtered")], "Two")
    assert (await page.ask("first"))[1] == ""
    assert (await page.ask("second"))[1] == "It went"
    await page.ask("next")
    assert asked(page.backend) == [
        ("user", "first\n\nsecond"),
        ("assistant", "It went"),
        ("user", "next"),
    ]


async def test_reasoning_before_a_refusal_stays() -> None:
    """What was shown is not taken back."""
    page = Page([Reasoning("Hm"), Refusal("filtered")], ["Yes", Finish("stop")])
    assert (await page.ask("first"))[:2] == ("Hm", REFUSED)
    await page.ask("next")
    assert asked(page.backend) == [("user", "next")]
