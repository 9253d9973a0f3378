"""More families whose turns are opened by control tokens: those of fewer models."""

# ruff: noqa: RUF001 - fullwidth commas are in the text of one

from __future__ import annotations

from typing import Any, Final

_OASST: Final = {
    "system": ("", ""),
    "user": ("<|prompter|>", "<|endoftext|>"),
    "assistant": ("<|assistant|>", "<|endoftext|>"),
    "generation_prompt": "<|assistant|>",
    "stop": ("<|endoftext|>", "<|prompter|>"),
}
_GLM_4: Final = {
    "begin": "[gMASK]<sop>",
    "system": ("<|system|>\n", ""),
    "user": ("<|user|>\n", ""),
    "assistant": ("<|assistant|>\n", ""),
    "generation_prompt": "<|assistant|>\n",
    "later_system": ("<|system|>\n", ""),
    "stop": ("<|user|>", "<|endoftext|>", "<|observation|>", "<|system|>"),
}
_TULU: Final = {
    "system": ("<|system|>\n", "\n"),
    "user": ("<|user|>\n", "\n"),
    "assistant": ("<|assistant|>\n", "<|end_of_text|>\n"),
    "generation_prompt": "<|assistant|>\n",
    "later_system": ("<|system|>\n", "\n"),
    "stop": ("<|end_of_text|>", "<|user|>", "<|assistant|>", "<|system|>"),
    "bos": "<|begin_of_text|>",
}

FAMILIES: Final[dict[str, dict[str, Any]]] = {
    "openassistant": {**_OASST, "source": "OpenAssistant/oasst-sft-4-pythia-12b"},
    "openassistant-llama": {
        **_OASST,
        "user": ("<|prompter|>", "</s>"),
        "assistant": ("<|assistant|>", "</s>"),
        "stop": ("</s>", "<|prompter|>"),
        "bos": "<s>",
        "source": "OpenAssistant/oasst-sft-6-llama-30b",
    },
    "stablelm-alpha": {
        "system": ("<|SYSTEM|>", ""),
        "user": ("<|USER|>", ""),
        "assistant": ("<|ASSISTANT|>", ""),
        "generation_prompt": "<|ASSISTANT|>",
        "stop": ("<|USER|>", "<|endoftext|>", "<|ASSISTANT|>", "<|SYSTEM|>"),
        "source": "stabilityai/stablelm-tuned-alpha, as FastChat writes it",
    },
    "chatglm-3": {
        "begin": "[gMASK]sop",
        "system": ("<|system|>\n ", ""),
        "user": ("<|user|>\n ", ""),
        "assistant": ("<|assistant|>\n ", ""),
        "generation_prompt": "<|assistant|>",
        "later_system": ("<|system|>\n ", ""),
        "stop": ("<|user|>", "<|observation|>", "<|assistant|>", "</s>"),
        "source": "THUDM/chatglm3-6b",
    },
    "glm-4": {**_GLM_4, "source": "THUDM/glm-4-9b-chat"},
    "glm-4.6": {
        **_GLM_4,
        "assistant": ("<|assistant|>\n<think></think>\n", ""),
        "generation_prompt": "<|assistant|>",
        "trim": ("assistant",),
        "source": "zai-org/GLM-4.6, past answers without their thoughts",
    },
    "glm-edge": {
        **_GLM_4,
        "begin": "",
        "generation_prompt": "<|assistant|>",
        "source": "THUDM/glm-edge-chat",
    },
    "kimi-k2": {
        "system": ("<|im_system|>system<|im_middle|>", "<|im_end|>"),
        "no_system": "<|im_system|>system<|im_middle|>You are Kimi, an AI assistant created by "
        "Moonshot AI.<|im_end|>\n",
        "user": ("<|im_user|>user<|im_middle|>", "<|im_end|>"),
        "assistant": ("<|im_assistant|>assistant<|im_middle|>", "<|im_end|>"),
        "generation_prompt": "<|im_assistant|>assistant<|im_middle|>",
        "later_system": ("<|im_system|>system<|im_middle|>", "<|im_end|>"),
        "stop": ("<|im_end|>", "<|im_user|>", "<|im_system|>", "<|im_assistant|>"),
        "reserved": ("[BOS]", "[EOS]", "<|endoftext|>"),
        "source": "moonshotai/Kimi-K2-Instruct",
    },
    "minimax-m2": {
        "begin": "]~!b[",
        "system": ("]~b]system\n", "[e~[\n"),
        "no_system": "]~b]system\nYou are a helpful assistant.[e~[\n",
        "user": ("]~b]user\n", "[e~[\n"),
        "assistant": ("]~b]ai\n", "[e~[\n"),
        "generation_prompt": "]~b]ai\n<think>\n",
        "stop": ("[e~[", "]~b]"),
        "special_tokens": ("]~!b[", "]~b]", "[e~[", "<think>"),
        "source": "MiniMaxAI/MiniMax-M2",
    },
    "seed-oss": {
        "system": ("<seed:bos>system\n", "<seed:eos>"),
        "user": ("<seed:bos>user\n", "<seed:eos>"),
        "assistant": ("<seed:bos>assistant\n", "<seed:eos>"),
        "generation_prompt": "<seed:bos>assistant\n",
        "trim": ("assistant",),
        "stop": ("<seed:eos>", "<seed:bos>"),
        "source": "ByteDance-Seed/Seed-OSS-36B-Instruct",
    },
    "exaone-3": {
        "system": ("[|system|]", "[|endofturn|]\n"),
        "user": ("[|user|]", "\n"),
        "assistant": ("[|assistant|]", "[|endofturn|]\n"),
        "generation_prompt": "[|assistant|]",
        "later_system": ("[|system|]", "[|endofturn|]\n"),
        "stop": ("[|endofturn|]", "[|user|]"),
        "source": "LGAI-EXAONE/EXAONE-3.0-7.8B-Instruct",
    },
    "smollm3": {
        "system": (
            "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\n"
            "Reasoning Mode: /think\n\n## Custom Instructions\n\n",
            "\n\n<|im_end|>\n",
        ),
        "user": ("<|im_start|>user\n", "<|im_end|>\n"),
        "assistant": ("<|im_start|>assistant\n", "<|im_end|>\n"),
        "generation_prompt": "<|im_start|>assistant\n",
        "stop": ("<|im_end|>", "<|im_start|>", "<|end_of_text|>"),
        "source": "HuggingFaceTB/SmolLM3-3B, without its default instructions",
    },
    "gpt-oss": {
        "begin": "<|start|>system<|message|>You are ChatGPT, a large language model trained by "
        "OpenAI.\nKnowledge cutoff: 2024-06\n\nReasoning: medium\n\n# Valid channels: analysis, "
        "commentary, final. Channel must be included for every message.<|end|>",
        "system": ("<|start|>developer<|message|># Instructions\n\n", "\n\n<|end|>"),
        "user": ("<|start|>user<|message|>", "<|end|>"),
        "assistant": ("<|start|>assistant<|channel|>final<|message|>", "<|end|>"),
        "generation_prompt": "<|start|>assistant",
        "stop": ("<|return|>", "<|call|>"),
        "reserved": ("<|constrain|>", "<|endoftext|>", "<|startoftext|>"),
        "source": "openai/gpt-oss (harmony), without the line of the current date",
    },
    "monarch": {
        "system": ("<s>system\n", "</s>\n"),
        "user": ("<s>user\n", "</s>\n"),
        "assistant": ("<s>assistant\n", "</s>\n"),
        "generation_prompt": "<s>assistant\n",
        "later_system": ("<s>system\n", "</s>\n"),
        "stop": ("</s>", "<s>"),
        "source": "mlabonne/AlphaMonarch-7B: every turn begins with the beginning-of-sequence "
        "token, the first too, so the server should not add one",
    },
    "metharme": {
        "system": ("<|system|>", ""),
        "user": ("<|user|>", ""),
        "assistant": ("<|model|>", ""),
        "generation_prompt": "<|model|>",
        "stop": ("<|user|>", "</s>", "<|endoftext|>", "<|system|>"),
        "source": "PygmalionAI/metharme, as axolotl writes it",
    },
    "tulu-3": {**_TULU, "source": "allenai/Llama-3.1-Tulu-3-8B"},
    "olmo-2": {
        **_TULU,
        "assistant": ("<|assistant|>\n", "<|endoftext|>\n"),
        "stop": ("<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>"),
        "bos": "<|endoftext|>",
        "source": "allenai/OLMo-2-Instruct",
    },
    "nemotron-mini": {
        "system": ("<extra_id_0>System\n", "\n\n"),
        "user": ("<extra_id_1>User\n", "\n"),
        "assistant": ("<extra_id_1>Assistant\n", "\n"),
        "generation_prompt": "<extra_id_1>Assistant\n",
        "stop": ("<extra_id_1>", "</s>"),
        "source": "nvidia/Nemotron-Mini-4B-Instruct",
    },
    "megrez": {
        "system": ("<|role_start|>system<|role_end|>", "<|turn_end|>"),
        "user": ("<|role_start|>user<|role_end|>", "<|turn_end|>"),
        "assistant": ("<|role_start|>assistant<|role_end|>", "<|turn_end|>"),
        "generation_prompt": "<|role_start|>assistant<|role_end|>",
        "no_system": "<|role_start|>system<|role_end|>你是Megrez-3B-Instruct，"
        "将针对用户的问题给出详细的、积极的回答。<|turn_end|>",
        "later_system": ("<|role_start|>system<|role_end|>", "<|turn_end|>"),
        "stop": ("<|turn_end|>", "<|role_start|>"),
        "source": "Infinigence/Megrez-3B-Instruct",
    },
    "ling": {
        "system": ("<role>SYSTEM</role>", ""),
        "user": ("<role>HUMAN</role>", ""),
        "assistant": ("<role>ASSISTANT</role>", ""),
        "generation_prompt": "<role>ASSISTANT</role>",
        "later_system": ("<role>SYSTEM</role>", ""),
        "stop": ("<|endoftext|>", "<role>"),
        "source": "inclusionAI/Ling-lite",
    },
    "minicpm": {
        "system": ("", ""),
        "user": ("<用户>", ""),
        "assistant": ("<AI>", ""),
        "generation_prompt": "<AI>",
        "trim": ("system", "user", "assistant"),
        "stop": ("</s>", "<用户>", "<AI>"),
        "bos": "<s>",
        "source": "openbmb/MiniCPM",
    },
    "h2o-danube": {
        "system": ("<|system|>", "</s>"),
        "user": ("<|prompt|>", "</s>"),
        "assistant": ("<|answer|>", "</s>"),
        "generation_prompt": "<|answer|>",
        "later_system": ("<|system|>", "</s>"),
        "stop": ("</s>", "<|prompt|>", "<|answer|>"),
        "source": "h2oai/h2o-danube-1.8b-chat",
    },
}
