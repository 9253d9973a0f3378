"""Families whose turns are opened and ended by control tokens."""

# ruff: noqa: RUF001 - the fullwidth bars are in the tokens themselves

from __future__ import annotations

from typing import Any, Final

_CHATML: Final = {
    "system": ("<|im_start|>system\n", "<|im_end|>\n"),
    "user": ("<|im_start|>user\n", "<|im_end|>\n"),
    "assistant": ("<|im_start|>assistant\n", "<|im_end|>\n"),
    "generation_prompt": "<|im_start|>assistant\n",
    "later_system": ("<|im_start|>system\n", "<|im_end|>\n"),
    "stop": ("<|im_end|>", "<|im_start|>", "<|endoftext|>"),
}
_LLAMA_3: Final = {
    "system": ("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    "user": ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    "assistant": ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    "generation_prompt": "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "later_system": ("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    "trim": ("system", "user", "assistant"),
    "stop": ("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|start_header_id|>"),
    "bos": "<|begin_of_text|>",
    "reserved": ("<|python_tag|>", "<|end_header_id|>", "<|finetune_right_pad_id|>"),
}
_LLAMA_31_DATES: Final = (
    "<|start_header_id|>system<|end_header_id|>\n\n"
    "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
)
_GEMMA: Final = {
    "user": ("<start_of_turn>user\n", "<end_of_turn>\n"),
    "assistant": ("<start_of_turn>model\n", "<end_of_turn>\n"),
    "generation_prompt": "<start_of_turn>model\n",
    "system": ("", "\n\n"),
    "system_place": "first_user",
    "trim": ("user", "assistant"),
    "stop": ("<end_of_turn>", "<start_of_turn>", "<eos>"),
    "bos": "<bos>",
}
_PHI_3: Final = {
    "system": ("<|system|>\n", "<|end|>\n"),
    "user": ("<|user|>\n", "<|end|>\n"),
    "assistant": ("<|assistant|>\n", "<|end|>\n"),
    "generation_prompt": "<|assistant|>\n",
    "later_system": ("<|system|>\n", "<|end|>\n"),
    "stop": ("<|end|>", "<|endoftext|>", "<|user|>", "<|assistant|>"),
    "bos": "<s>",
}
_GRANITE: Final = {
    "system": ("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
    "user": ("<|start_of_role|>user<|end_of_role|>", "<|end_of_text|>\n"),
    "assistant": ("<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n"),
    "generation_prompt": "<|start_of_role|>assistant<|end_of_role|>",
    "later_system": ("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
    "stop": ("<|end_of_text|>", "<|start_of_role|>"),
}
_DEEPSEEK: Final = {
    "system": ("", ""),
    "user": ("<｜User｜>", ""),
    "assistant": ("<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
    "generation_prompt": "<｜Assistant｜>",
    "stop": ("<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
    "bos": "<｜begin▁of▁sentence｜>",
}
_COMMAND_R: Final = {
    "system": ("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    "user": ("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    "assistant": ("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    "generation_prompt": "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    "stop": ("<|END_OF_TURN_TOKEN|>", "<|START_OF_TURN_TOKEN|>"),
    "bos": "<BOS_TOKEN>",
}
_ZEPHYR: Final = {
    "system": ("<|system|>\n", "</s>\n"),
    "user": ("<|user|>\n", "</s>\n"),
    "assistant": ("<|assistant|>\n", "</s>\n"),
    "generation_prompt": "<|assistant|>\n",
    "later_system": ("<|system|>\n", "</s>\n"),
    "stop": ("</s>", "<|system|>", "<|user|>", "<|assistant|>"),
    "bos": "<s>",
}

FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "chatml": {**_CHATML, "source": "OpenAI's ChatML, as Hermes and many others use it"},
    "qwen-2": {
        **_CHATML,
        "no_system": "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n",
        "source": "Qwen/Qwen2-7B-Instruct",
    },
    "qwen-2.5": {
        **_CHATML,
        "no_system": "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. "
        "You are a helpful assistant.<|im_end|>\n",
        "source": "Qwen/Qwen2.5-7B-Instruct",
    },
    "qwen-3": {**_CHATML, "source": "Qwen/Qwen3, without thinking parts in past turns"},
    "smollm2": {
        **_CHATML,
        "no_system": "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, "
        "trained by Hugging Face<|im_end|>\n",
        "source": "HuggingFaceTB/SmolLM2-Instruct",
    },
    "yi": {
        **_CHATML,
        "system": ("", ""),
        "later_system": None,
        "source": "01-ai/Yi-Chat: the system text stands bare at the beginning",
    },
    "llama-3": {**_LLAMA_3, "source": "meta-llama/Meta-Llama-3-8B-Instruct"},
    "llama-3.1": {
        **_LLAMA_3,
        "system": (_LLAMA_31_DATES, "<|eot_id|>"),
        "later_system": None,
        "no_system": _LLAMA_31_DATES + "<|eot_id|>",
        "source": "meta-llama/Llama-3.1-8B-Instruct, with the dates of its template",
    },
    "llama-4": {
        "system": ("<|header_start|>system<|header_end|>\n\n", "<|eot|>"),
        "user": ("<|header_start|>user<|header_end|>\n\n", "<|eot|>"),
        "assistant": ("<|header_start|>assistant<|header_end|>\n\n", "<|eot|>"),
        "generation_prompt": "<|header_start|>assistant<|header_end|>\n\n",
        "later_system": ("<|header_start|>system<|header_end|>\n\n", "<|eot|>"),
        "trim": ("system", "user", "assistant"),
        "stop": ("<|eot|>", "<|eom|>", "<|end_of_text|>"),
        "bos": "<|begin_of_text|>",
        "source": "meta-llama/Llama-4, as axolotl writes it",
    },
    "gemma": {
        **_GEMMA,
        "system_place": "refuse",
        "source": "google/gemma and gemma-2: their template refuses a system text",
    },
    "gemma-3": {**_GEMMA, "source": "google/gemma-3: system text in the first user turn"},
    "gemma-ollama": {
        **_GEMMA,
        "system": ("", "\n"),
        "trim": (),
        "source": "Ollama gemma-instruct",
    },
    "gemma-3-ollama": {
        **_GEMMA,
        "trim": (),
        "generation_prompt": "<start_of_turn>model\n\n",
        "source": "Ollama gemma3-instruct",
    },
    "gemma-4": {
        "system": ("<|turn>system\n", "<turn|>\n"),
        "user": ("<|turn>user\n", "<turn|>\n"),
        "assistant": ("<|turn>model\n", "<turn|>\n"),
        "generation_prompt": "<|turn>model\n<|channel>thought\n<channel|>",
        "trim": ("system", "user", "assistant"),
        "stop": ("<turn|>", "<|turn>", "<eos>"),
        "bos": "<bos>",
        "source": "google/gemma-4-31B-it, without thinking",
    },
    "phi-3": {**_PHI_3, "source": "microsoft/Phi-3-mini-4k-instruct"},
    "phi-4": {
        "system": ("<|im_start|>system<|im_sep|>", "<|im_end|>"),
        "user": ("<|im_start|>user<|im_sep|>", "<|im_end|>"),
        "assistant": ("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
        "generation_prompt": "<|im_start|>assistant<|im_sep|>",
        "later_system": ("<|im_start|>system<|im_sep|>", "<|im_end|>"),
        "stop": ("<|im_end|>", "<|im_start|>", "<|im_sep|>", "<|endoftext|>"),
        "source": "microsoft/phi-4",
    },
    "phi-4-mini": {
        "system": ("<|system|>", "<|end|>"),
        "user": ("<|user|>", "<|end|>"),
        "assistant": ("<|assistant|>", "<|end|>"),
        "generation_prompt": "<|assistant|>",
        "later_system": ("<|system|>", "<|end|>"),
        "stop": ("<|end|>", "<|endoftext|>", "<|user|>", "<|assistant|>"),
        "source": "microsoft/Phi-4-mini-instruct",
    },
    "zephyr": {**_ZEPHYR, "source": "HuggingFaceH4/zephyr-7b-beta"},
    "tinyllama": {**_ZEPHYR, "source": "TinyLlama/TinyLlama-1.1B-Chat-v1.0"},
    "stablelm-zephyr": {
        **_ZEPHYR,
        "system": ("<|system|>\n", "<|endoftext|>\n"),
        "user": ("<|user|>\n", "<|endoftext|>\n"),
        "assistant": ("<|assistant|>\n", "<|endoftext|>\n"),
        "stop": ("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>"),
        "bos": "",
        "source": "stabilityai/stablelm-zephyr; llama.cpp calls it zephyr",
    },
    "granite-3": {
        **_GRANITE,
        "reserved": ("<|tool_call|>", "<|endoftext|>"),
        "source": "ibm-granite/granite-3.0-8b-instruct",
    },
    "granite-4": {
        **_GRANITE,
        "no_system": "<|start_of_role|>system<|end_of_role|>You are a helpful assistant. "
        "Please ensure responses are professional, accurate, and safe.<|end_of_text|>\n",
        "source": "ibm-granite/granite-4.0",
    },
    "deepseek-3": {**_DEEPSEEK, "source": "deepseek-ai/DeepSeek-V3"},
    "deepseek-3.1": {
        **_DEEPSEEK,
        "assistant": ("<｜Assistant｜><think></think>", "<｜end▁of▁sentence｜>"),
        "generation_prompt": "<｜Assistant｜><think></think>",
        "special_tokens": ("<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
        "reserved": ("<think>", "</think>"),
        "source": "deepseek-ai/DeepSeek-V3.1, without thinking",
    },
    "deepseek-r1": {
        **_DEEPSEEK,
        "generation_prompt": "<｜Assistant｜><think>\n",
        "source": "deepseek-ai/DeepSeek-R1 and its distilled models",
    },
    "command-r": {**_COMMAND_R, "source": "CohereForAI/c4ai-command-r-plus"},
    "command-r-ollama": {
        **_COMMAND_R,
        "generation_prompt": "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>\n",
        "source": "Ollama command-r",
    },
    "alfred": {
        "system": ("<start_system>", "<end_message>"),
        "user": ("<start_user>", "<end_message>"),
        "assistant": ("<start_assistant>", "<end_message>"),
        "generation_prompt": "<start_assistant>",
        "stop": ("<end_message>", "<start_user>", "<start_assistant>", "<start_system>"),
        "source": "Ollama alfred",
    },
}
