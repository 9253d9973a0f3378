"""How long a prompt takes: 102 messages, 29.5 kB, with and without the search for forged turns.

Run it with `python benchmarks/templates.py`. Where jinja2, transformers or fschat are installed
they are measured beside ours, on the same conversation, all ways in turn in every round, so that
a machine that slows down slows them alike.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from chatadapters import Message
from chatadapters.templates import DialogueTemplate, get_template

if TYPE_CHECKING:
    from collections.abc import Callable

SENTENCE = "The quick brown fox jumps over the lazy dog, and if a < b it writes a line of code. "
CHATML_JINJA = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def conversation() -> list[Message]:
    """A system message, 50 exchanges and a last question."""
    text = (SENTENCE * 4)[:290]
    turns = [Message(role, text) for _ in range(50) for role in ("user", "assistant")]
    return [Message("system", text), *turns, Message("user", text)]


def microseconds(
    calls: dict[str, Callable[[], object]], rounds: int = 100, repeat: int = 10
) -> dict[str, float]:
    """The fastest of many rounds, for each way: the rest is what others do on the machine."""
    times: dict[str, float] = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeat):
                call()
            times[name] = min(times[name], (time.perf_counter() - start) / repeat * 1e6)
    return times


def ours(messages: list[Message]) -> dict[str, Callable[[], object]]:
    """Named families: with and without the scan, and texts that need a closer look."""
    accents = [Message(role, f"é — {text}") for role, text in messages]
    code = [Message(role, f"| <b>x</b> | [1] # {text}") for role, text in messages]
    calls: dict[str, Callable[[], object]] = {}
    for name in ("chatml", "llama-3", "llama-2", "vicuna-lines"):
        template = get_template(name)
        calls[name] = lambda template=template: template.render(messages)
        calls[f"{name}, escape off"] = lambda template=template: template.render(
            messages, escape="off"
        )
        calls[f"{name}, not ASCII"] = lambda template=template: template.render(accents)
        calls[f"{name}, HTML and tables"] = lambda template=template: template.render(code)
    return calls


def transformers(messages: list[Message]) -> dict[str, Callable[[], object]]:
    """`apply_chat_template` of a tokenizer whose vocabulary does not matter here."""
    try:
        from tokenizers import Tokenizer, models
        from transformers import PreTrainedTokenizerFast
    except ImportError:
        return {}
    vocabulary = Tokenizer(models.WordLevel({"x": 0}, unk_token="x"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=vocabulary, unk_token="x")
    dicts = [{"role": role, "content": content} for role, content in messages]

    def apply() -> object:
        return tokenizer.apply_chat_template(
            dicts, chat_template=CHATML_JINJA, tokenize=False, add_generation_prompt=True
        )

    return {"transformers apply_chat_template, chatml": apply}


def jinja(messages: list[Message]) -> dict[str, Callable[[], object]]:
    """The ChatML template in a sandboxed Jinja environment, compiled before."""
    try:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        return {}
    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(
        CHATML_JINJA
    )
    dicts = [{"role": role, "content": content} for role, content in messages]
    looks = CHATML_JINJA.replace("['content']", "['content'].replace('qwerty', '')")
    rendered = DialogueTemplate.from_jinja(looks)
    return {
        "chatml, rendered by Jinja in bounds, with the scan": lambda: rendered.render(messages),
        "jinja2 sandboxed, chatml": lambda: template.render(
            messages=dicts, add_generation_prompt=True
        ),
    }


def fastchat(messages: list[Message]) -> dict[str, Callable[[], object]]:
    """FastChat's style of ChatML, the messages appended before the clock starts."""
    try:
        from fastchat.conversation import get_conv_template
    except ImportError:
        return {}
    filled = get_conv_template("qwen-7b-chat")
    filled.set_system_message(messages[0].content)
    for role, content in messages[1:]:
        filled.append_message(f"<|im_start|>{role}", content)
    filled.append_message("<|im_start|>assistant", None)
    return {"fastchat get_prompt, chatml": filled.get_prompt}


def main() -> None:
    """Print one line per way."""
    messages = conversation()
    print(f"{len(messages)} messages, {sum(len(m.content) for m in messages)} characters")
    calls = {**ours(messages), **jinja(messages), **transformers(messages), **fastchat(messages)}
    times = microseconds(calls)
    for name, value in times.items():
        print(f"{value:8.1f} µs, {value / times['chatml']:5.1f} times chatml  {name}")


if __name__ == "__main__":
    main()
