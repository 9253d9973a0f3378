"""StarChat's family and the three dialogue templates of its training code."""

from __future__ import annotations

from typing import Any, Final

_STARCHAT: Final = {
    "system": ("<|system|>\n", "<|end|>\n"),
    "user": ("<|user|>\n", "<|end|>\n"),
    "assistant": ("<|assistant|>\n", "<|end|>\n"),
    "generation_prompt": "<|assistant|>\n",
    "no_system": "<|system|>\n<|end|>\n",
    "stop": ("<|end|>",),
    "special_tokens": ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
}

FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "starchat": {
        **_STARCHAT,
        "source": "HuggingFaceH4/starchat; `no_system` of bigcode-project/starcoder",
    },
    "starchat-default": {
        **_STARCHAT,
        "system_text": "Below is a dialogue between a human user and an AI assistant. "
        "The assistant is happy to help with almost anything, and will do its best to "
        "understand exactly what is needed.",
        "source": "`default` of bigcode-project/starcoder",
    },
    "starchat-alpaca": {
        **_STARCHAT,
        "user": ("### Instruction:\n", "<|end|>\n"),
        "assistant": ("### Response:\n", "<|end|>\n"),
        "generation_prompt": "### Response:\n",
        "special_tokens": ("<|system|>", "### Instruction:", "### Response:", "<|end|>"),
        "system_text": "Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request.",
        "source": "`alpaca` of bigcode-project/starcoder",
    },
}
