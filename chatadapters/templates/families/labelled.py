"""Families whose turns are opened by plain words or by `[INST]`."""

# ruff: noqa: RUF001 - the fullwidth bars are in the tokens themselves

from __future__ import annotations

from typing import Any, Final

_LLAMA_2: Final = {
    "user": ("<s>[INST] ", " [/INST]"),
    "first_user": "[INST] ",
    "assistant": (" ", " </s>"),
    "generation_prompt": "",
    "system": ("<<SYS>>\n", "\n<</SYS>>\n\n"),
    "system_place": "first_user",
    "trim": ("user", "assistant", "merged"),
    "stop": ("</s>", "[INST]", "[/INST]", "<<SYS>>"),
    "bos": "<s>",
}
_MISTRAL: Final = {
    "user": ("[INST] ", "[/INST]"),
    "assistant": (" ", "</s>"),
    "generation_prompt": "",
    "system": ("", "\n\n"),
    "system_place": "last_user",
    "stop": ("</s>", "[INST]", "[/INST]"),
    "bos": "<s>",
}
_VICUNA: Final = {
    "user": ("USER: ", "\n"),
    "assistant": ("ASSISTANT: ", "</s>\n"),
    "generation_prompt": "ASSISTANT:",
    "system": ("", "\n\n"),
    "stop": ("</s>", "USER:", "ASSISTANT:"),
    "bos": "<s>",
}
_ALPACA: Final = {
    "user": ("### Instruction:\n", "\n\n"),
    "assistant": ("### Response:\n", "\n\n"),
    "generation_prompt": "### Response:\n",
    "system": ("", "\n\n"),
    "stop": ("</s>", "### Instruction:", "### Response"),
    "bos": "<s>",
}
_FALCON: Final = {
    "system": ("System: ", "\n"),
    "user": ("User: \n", "\n"),
    "assistant": ("Falcon:\n", "\n"),
    "generation_prompt": "Falcon:\n",
    "stop": ("<|endoftext|>", "\nUser:", "User:", "System:"),
}
_DEEPSEEK_CODER: Final = (
    "You are an AI programming assistant, utilizing the Deepseek Coder model, developed by "
    "Deepseek Company, and you only answer questions related to computer science. For "
    "politically sensitive questions, security and privacy issues, and other non-computer "
    "science questions, you will refuse to answer\n"
)

FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "llama-2": {**_LLAMA_2, "source": "meta-llama/Llama-2-7b-chat-hf"},
    "llama-2-ollama": {
        **_LLAMA_2,
        "user": ("<s>[INST] <<SYS>><</SYS>>\n\n", " [/INST]"),
        "assistant": (" ", "</s>"),
        "no_system": "<<SYS>><</SYS>>\n\n",
        "trim": (),
        "source": "Ollama llama2-chat",
    },
    "mistral-v1": {
        **_MISTRAL,
        "user": (" [INST] ", " [/INST]"),
        "system_place": "first_user",
        "source": "mistral-common v1: Mistral-7B-Instruct v0.1 and v0.2, Mixtral",
    },
    "mistral-v3": {
        **_MISTRAL,
        "trim": ("assistant",),
        "source": "mistral-common v3: Mistral-7B-Instruct v0.3, Mistral Large 2407",
    },
    "mistral-v3-tekken": {
        **_MISTRAL,
        "user": ("[INST]", "[/INST]"),
        "assistant": ("", "</s>"),
        "source": "mistral-common v3 with tekken: Mistral Nemo 2407",
    },
    "mistral-v7": {
        **_MISTRAL,
        "system": ("[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT]"),
        "system_place": "block",
        "source": "mistral-common v7: Mistral Large 2411",
    },
    "mistral-v7-tekken": {
        **_MISTRAL,
        "user": ("[INST]", "[/INST]"),
        "assistant": ("", "</s>"),
        "system": ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        "system_place": "block",
        "source": "mistral-common v7, v11 and v13 with tekken: Mistral Small 3",
    },
    "mistral-ollama": {
        **_MISTRAL,
        "system_place": "first_user",
        "source": "Ollama mistral-instruct",
    },
    "vicuna": {
        **_VICUNA,
        "user": ("USER: ", " "),
        "assistant": ("ASSISTANT: ", "</s>"),
        "system": ("", " "),
        "source": "lm-sys/vicuna v1.1 and v1.5, as FastChat writes it",
    },
    "vicuna-lines": {**_VICUNA, "source": "eachadea/vicuna-13b-1.1; Ollama vicuna"},
    "vicuna-orca": {
        **_VICUNA,
        "system": ("SYSTEM: ", "\n"),
        "source": "Orca-Vicuna",
    },
    "alpaca": {**_ALPACA, "source": "Stanford Alpaca's form; Ollama alpaca"},
    "alpaca-axolotl": {
        **_ALPACA,
        "assistant": ("### Response:\n", "</s>\n\n"),
        "source": "axolotl alpaca",
    },
    "alpaca-fastchat": {
        **_ALPACA,
        "user": ("### Instruction: ", "\n\n"),
        "assistant": ("### Response: ", "</s>"),
        "generation_prompt": "### Response:",
        "source": "FastChat alpaca",
    },
    "falcon": {
        "user": ("User: ", "\n\n"),
        "assistant": ("Assistant: ", "\n\n"),
        "generation_prompt": "Assistant:",
        "system": ("", "\n\n"),
        "stop": ("<|endoftext|>", "\nUser", "User:", "Assistant:"),
        "source": "tiiuae/falcon-7b-instruct and 40b-instruct, as FastChat writes it",
    },
    "falcon-180b": {
        **_FALCON,
        "user": ("User: ", "\n"),
        "assistant": ("Falcon: ", "\n"),
        "generation_prompt": "Falcon:",
        "source": "tiiuae/falcon-180B-chat",
    },
    "falcon-2": {**_FALCON, "source": "tiiuae/falcon-11B"},
    "falcon-ollama": {
        **_FALCON,
        "user": ("User:\n", "\n"),
        "stop": ("<|endoftext|>", "User:", "Assistant:", "Falcon:"),
        "source": "Ollama falcon-instruct",
    },
    "chatqa": {
        "system": ("System: ", "\n\n"),
        "user": ("User: ", "\n\n"),
        "assistant": ("Assistant: ", "\n\n"),
        "generation_prompt": "Assistant:",
        "stop": ("<|end_of_text|>", "User:", "Assistant:", "System:"),
        "bos": "<|begin_of_text|>",
        "source": "nvidia/ChatQA; Ollama chatqa",
    },
    "codellama-70b": {
        "system": ("Source: system\n\n ", " <step> "),
        "user": ("Source: user\n\n ", " <step> "),
        "assistant": ("Source: assistant\n\n ", " <step> "),
        "generation_prompt": "Source: assistant\nDestination: user\n\n ",
        "trim": ("system", "user", "assistant"),
        "stop": ("<step>", "Source:", "Destination:", "</s>"),
        "bos": "<s>",
        "source": "codellama/CodeLlama-70b-Instruct-hf",
    },
    "granite-code": {
        "system": ("System:\n", "\n\n"),
        "user": ("Question:\n", "\n\n"),
        "assistant": ("Answer:\n", "\n\n"),
        "generation_prompt": "Answer:\n",
        "stop": ("<|endoftext|>", "Question:", "Answer:", "System:"),
        "source": "ibm-granite/granite-8b-code-instruct; Ollama granite-instruct",
    },
    "magicoder": {
        "system": ("", "\n\n"),
        "user": ("@@ Instruction\n", "\n\n"),
        "assistant": ("@@ Response\n", "\n\n"),
        "generation_prompt": "@@ Response\n",
        "stop": ("</s>", "@@ Instruction", "@@ Response"),
        "bos": "<s>",
        "source": "ise-uiuc/Magicoder; Ollama magicoder",
    },
    "openchat": {
        "system": ("GPT4 Correct System: ", "<|end_of_turn|>"),
        "user": ("GPT4 Correct User: ", "<|end_of_turn|>"),
        "assistant": ("GPT4 Correct Assistant: ", "<|end_of_turn|>"),
        "generation_prompt": "GPT4 Correct Assistant:",
        "stop": ("<|end_of_turn|>",),
        "bos": "<s>",
        "source": "openchat/openchat-3.5-0106",
    },
    "solar": {
        "system": ("### System:\n", "\n\n"),
        "user": ("### User:\n", "\n\n"),
        "assistant": ("### Assistant:\n", "</s>\n\n"),
        "generation_prompt": "### Assistant:\n",
        "stop": ("</s>", "### User:", "### Assistant", "### System:"),
        "bos": "<s>",
        "source": "upstage/SOLAR-10.7B-Instruct-v1.0; Ollama solar-instruct",
    },
    "starcoder2": {
        "system": ("", "\n\n"),
        "user": ("### Instruction\n", "\n\n"),
        "assistant": ("### Response\n", "<|endoftext|>\n\n"),
        "generation_prompt": "### Response\n",
        "stop": ("<|endoftext|>", "### Instruction", "### Response"),
        "source": "bigcode/starcoder2-15b-instruct-v0.1; Ollama starcoder2-instruct",
    },
    "deepseek-2": {
        "system": ("", "\n\n"),
        "user": ("User: ", "\n\n"),
        "assistant": ("Assistant: ", "<｜end▁of▁sentence｜>"),
        "generation_prompt": "Assistant:",
        "stop": ("<｜end▁of▁sentence｜>", "User:", "Assistant:"),
        "bos": "<｜begin▁of▁sentence｜>",
        "source": "deepseek-ai/DeepSeek-V2-Chat",
    },
    "dolly": {
        "system": ("", ""),
        "user": ("### Instruction:\n", "\n\n"),
        "assistant": ("### Response:\n", "### End\n\n"),
        "generation_prompt": "### Response:\n",
        "stop": ("### End", "### Instruction:", "<|endoftext|>"),
        "source": "databricks/dolly-v2, as FastChat writes it",
    },
    "claude-2": {
        "system": ("", ""),
        "user": ("\n\nHuman: ", ""),
        "assistant": ("\n\nAssistant: ", ""),
        "generation_prompt": "\n\nAssistant:",
        "stop": ("\n\nHuman:",),
        "source": "Anthropic's text completions",
    },
    "deepseek-coder": {
        "system": ("", ""),
        "no_system": _DEEPSEEK_CODER,
        "user": ("### Instruction:\n", "\n"),
        "assistant": ("### Response:\n", "\n<|EOT|>\n"),
        "generation_prompt": "### Response:\n",
        "stop": ("<|EOT|>", "### Instruction:"),
        "bos": "<｜begin▁of▁sentence｜>",
        "source": "deepseek-ai/deepseek-coder-33b-instruct",
    },
    "orion": {
        "user": ("Human: ", "\n\nAssistant: </s>"),
        "assistant": ("", "</s>"),
        "generation_prompt": "",
        "system_place": "ignore",
        "stop": ("</s>", "Human:"),
        "bos": "<s>",
        "source": "OrionStarAI/Orion-14B-Chat: its template ignores a system text",
    },
}
