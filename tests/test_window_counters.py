"""A window counts with the tokenizers people use, for every backend, and says what it left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tiktoken
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from chatadapters import (
    HistoryError,
    OptionError,
    Trimmed,
    Window,
    echo_predict,
    openai_predict,
    text_generation_predict,
)

from .both import Run

TEXT = "The oldest turns go first, and the system text stays — naïve 中文, too."
HISTORY = [(f"question {n}? {TEXT}", f"answer {n}. {TEXT}") for n in range(6)]
Count = Callable[[str], int]


def _tokenizers() -> Count:
    """A byte-level BPE of the `tokenizers` package, trained here."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, show_progress=False)
    tokenizer.train_from_iterator([TEXT, *HISTORY[0]], trainer)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _tiktoken() -> Count:
    """An encoding of `tiktoken` with a vocabulary made here."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    for word in ("th", "he", "the", "st", "an", "qu", "question"):
        ranks.setdefault(word.encode(), len(ranks))
    encoding = tiktoken.Encoding(
        "toy", pat_str=r"\w+|\W", mergeable_ranks=ranks, special_tokens={"<|end|>": 999}
    )
    return lambda text: len(encoding.encode_ordinary(text))


COUNTERS = {"tokenizers": _tokenizers(), "tiktoken": _tiktoken()}


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 1.0])
def test_as_many_turns_are_sent_as_fit(run: Run, counter: str, share: float) -> None:
    """What is sent fits, one turn more would not, and the event has the true numbers."""
    count = COUNTERS[counter]
    turns = [count(one) + count(two) for one, two in HISTORY]
    fixed = count("Be brief.") + count("Now?")
    window = Window(tokens=fixed + int(sum(turns) * share), count=count)
    predict = echo_predict(window=window, system="Be brief.")
    first, *_ = run(predict, "events", "Now?", HISTORY)
    kept = turns
    while sum(kept) > int(sum(turns) * share):
        kept = kept[1:]
    if kept == turns:
        assert not isinstance(first, Trimmed)
    else:
        gone = 2 * (len(turns) - len(kept))
        assert first == Trimmed(messages=gone, tokens=fixed + sum(kept))


@pytest.mark.parametrize("counter", COUNTERS)
def test_a_message_that_is_too_long_is_cut_to_what_fits(run: Run, counter: str) -> None:
    """Its beginning is kept as far as it fits; without the option it is refused."""
    count = COUNTERS[counter]
    cutting = echo_predict(window=Window(tokens=20, count=count, too_long="truncate"))
    shown = run(cutting, "predict", TEXT * 3)[-1]
    assert (TEXT * 3).startswith(shown)
    assert shown
    assert count(shown) <= 20
    with pytest.raises(HistoryError, match="the window has 20"):
        run(echo_predict(window=Window(tokens=20, count=count)), "predict", TEXT * 3)


@pytest.mark.parametrize("counter", COUNTERS)
def test_messages_and_prompts_are_fitted_alike(counter: str) -> None:
    """The window holds for every backend: what is left out of messages is not in a prompt."""
    count = COUNTERS[counter]
    window = Window(tokens=sum(map(count, [*HISTORY[-1], *HISTORY[-2], "Now?"])), count=count)
    sent = openai_predict("gpt-5-nano", window=window).build("Now?", HISTORY)["messages"]
    assert [message["content"] for message in sent] == [*HISTORY[-2], *HISTORY[-1], "Now?"]
    prompted = text_generation_predict("http://127.0.0.1:9", template="chatml", window=window)
    prompt = str(prompted.build("Now?", HISTORY))
    assert [f"question {n}?" in prompt for n in range(6)] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("count", [str.split, lambda text: None, lambda text: -1])
def test_what_gives_no_number_is_named(run: Run, count: Count) -> None:
    """A counter that gives the tokens themselves, or nothing, is said to, with what to give."""
    predict = echo_predict(window=Window(tokens=20, count=count))
    with pytest.raises(OptionError, match=r"Window\(count=...\) gave a \w+.*len\(tokenizer"):
        run(predict, "predict", "Hi")
