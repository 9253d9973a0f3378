"""What fuzzing begins with, and the words it puts together."""

from __future__ import annotations

import json

from chatadapters.testing.faults import good_body

_NO_CUTS = bytes(6)

HISTORIES = (
    [["Hi", "Hello"], ["How are you?", None]],
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "file", "path": "a"}]}],
    [{"role": "assistant", "content": "x", "metadata": {"title": "Thinking"}}],
    [{"text": "Hi", "files": ["/tmp/a.png"]}, {"type": "human", "content": "Hi"}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}],
    [{"role": "tool", "content": "x"}, {"role": "system", "content": "<think>x</think>y"}],
)

_TEXTS = (
    "STOP|STO|ab and then STOP",
    "<|end|>|<|e and <|end|>",
    "<think>why</think>because <think> is a tag",
    "One two three four. One two three four.",
)

#: Inputs for each target; what fuzzing found once is added here.
SEEDS: dict[str, list[bytes]] = {
    "sse": [_NO_CUTS + good_body(), b"\x01\x20\x40\x60\x80\xa0" + good_body("responses")],
    "chat": [_NO_CUTS + good_body()],
    "attempt": [_NO_CUTS + good_body()],
    "responses": [_NO_CUTS + good_body("responses")],
    "completions": [_NO_CUTS + good_body("completions")],
    "tgi": [_NO_CUTS + good_body("tgi")],
    "json_value": [b'{"a": [1, -2.5e3, null, "\\ud83d\\ude00"], "b": NaN}'],
    "conversation": [json.dumps(history).encode() for history in HISTORIES],
    **{
        name: [b"\x01\x20\x40\x60\x80\xa0" + text.encode() for text in _TEXTS]
        for name in ("stop", "tokens", "reasoning", "seam", "keys")
    },
}

#: Words that formats are made of.
WORDS = (
    *("data: ", "event: ", "data", "\r", "\n\n", ": ", "\ufeff", "[DONE]", "NaN", "\\ud83d"),
    *("choices", "delta", "content", "finish_reason", "stop", "reasoning_content", "tool_calls"),
    *("token", "text", "special", "generated_text", "details", "error", "message", "usage"),
    *("response.completed", "response.output_text.delta", "type", "response", "output"),
    *("role", "user", "assistant", "system", "metadata", "title", "files", "path", "file"),
    *("<think>", "</think>", "[THINK]", "STOP", "<|end|>", "null", "true", '{"', '":', '"}'),
)
