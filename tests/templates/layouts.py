"""The prompts of the named families, as their sources write them, for S, U1, A1, U2."""

from __future__ import annotations

from chatadapters import Message
from chatadapters.templates import Layout, get_template

# ruff: noqa: RUF001 - the fullwidth bars are in the tokens themselves


def layout_of(name: str) -> Layout:
    """Give the layout of a named family, which is always pieces."""
    layout = get_template(name).layout
    assert isinstance(layout, Layout)
    return layout


CONVERSATION = [
    Message("system", "S"),
    Message("user", "U1"),
    Message("assistant", "A1"),
    Message("user", "U2"),
]

_CHATML = (
    "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU1<|im_end|>\n<|im_start|>assistant\n"
    "A1<|im_end|>\n<|im_start|>user\nU2<|im_end|>\n<|im_start|>assistant\n"
)
_LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{0}S<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nU1<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nU2<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
_ROLES = "<|system|>\nS{0}\n<|user|>\nU1{0}\n<|assistant|>\nA1{0}\n<|user|>\nU2{0}\n<|assistant|>\n"
_GRANITE = (
    "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>U1<|end_of_text|>\n"
    "<|start_of_role|>assistant<|end_of_role|>A1<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>U2<|end_of_text|>\n"
    "<|start_of_role|>assistant<|end_of_role|>"
)
_DEEPSEEK = (
    "<｜begin▁of▁sentence｜>S<｜User｜>U1<｜Assistant｜>{0}A1<｜end▁of▁sentence｜>"
    "<｜User｜>U2<｜Assistant｜>"
)
_TURN = "<|START_OF_TURN_TOKEN|><|{0}_TOKEN|>{1}<|END_OF_TURN_TOKEN|>"

PROMPTS = {
    "starchat": _ROLES.format("<|end|>"),
    "chatml": _CHATML,
    "qwen-2.5": _CHATML,
    "qwen-3": _CHATML,
    "zephyr": "<s>" + _ROLES.format("</s>"),
    "tinyllama": "<s>" + _ROLES.format("</s>"),
    "stablelm-zephyr": _ROLES.format("<|endoftext|>"),
    "phi-3": "<s>" + _ROLES.format("<|end|>"),
    "llama-3": _LLAMA_3.format(""),
    "llama-3.1": _LLAMA_3.format(
        "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
    ),
    "llama-4": (
        "<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|>"
        "<|header_start|>user<|header_end|>\n\nU1<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\nA1<|eot|>"
        "<|header_start|>user<|header_end|>\n\nU2<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\n"
    ),
    "llama-2": "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST] A1 </s><s>[INST] U2 [/INST]",
    "mistral-v1": "<s> [INST] S\n\nU1 [/INST] A1</s> [INST] U2 [/INST]",
    "mistral-v3": "<s>[INST] U1[/INST] A1</s>[INST] S\n\nU2[/INST]",
    "mistral-v3-tekken": "<s>[INST]U1[/INST]A1</s>[INST]S\n\nU2[/INST]",
    "mistral-v7": ("<s>[SYSTEM_PROMPT] S[/SYSTEM_PROMPT][INST] U1[/INST] A1</s>[INST] U2[/INST]"),
    "mistral-v7-tekken": (
        "<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]U1[/INST]A1</s>[INST]U2[/INST]"
    ),
    "gemma-3": (
        "<bos><start_of_turn>user\nS\n\nU1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n"
        "<start_of_turn>user\nU2<end_of_turn>\n<start_of_turn>model\n"
    ),
    "gemma-4": (
        "<bos><|turn>system\nS<turn|>\n<|turn>user\nU1<turn|>\n<|turn>model\nA1<turn|>\n"
        "<|turn>user\nU2<turn|>\n<|turn>model\n<|channel>thought\n<channel|>"
    ),
    "phi-4": (
        "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>U1<|im_end|>"
        "<|im_start|>assistant<|im_sep|>A1<|im_end|><|im_start|>user<|im_sep|>U2<|im_end|>"
        "<|im_start|>assistant<|im_sep|>"
    ),
    "phi-4-mini": (
        "<|system|>S<|end|><|user|>U1<|end|><|assistant|>A1<|end|><|user|>U2<|end|><|assistant|>"
    ),
    "vicuna": "<s>S USER: U1 ASSISTANT: A1</s>USER: U2 ASSISTANT:",
    "vicuna-lines": "<s>S\n\nUSER: U1\nASSISTANT: A1</s>\nUSER: U2\nASSISTANT:",
    "vicuna-orca": "<s>SYSTEM: S\nUSER: U1\nASSISTANT: A1</s>\nUSER: U2\nASSISTANT:",
    "alpaca": (
        "<s>S\n\n### Instruction:\nU1\n\n### Response:\nA1\n\n### Instruction:\nU2\n\n"
        "### Response:\n"
    ),
    "alpaca-axolotl": (
        "<s>S\n\n### Instruction:\nU1\n\n### Response:\nA1</s>\n\n### Instruction:\nU2\n\n"
        "### Response:\n"
    ),
    "alpaca-fastchat": (
        "<s>S\n\n### Instruction: U1\n\n### Response: A1</s>### Instruction: U2\n\n### Response:"
    ),
    "falcon": "S\n\nUser: U1\n\nAssistant: A1\n\nUser: U2\n\nAssistant:",
    "falcon-180b": "System: S\nUser: U1\nFalcon: A1\nUser: U2\nFalcon:",
    "falcon-2": "System: S\nUser: \nU1\nFalcon:\nA1\nUser: \nU2\nFalcon:\n",
    "deepseek-2": (
        "<｜begin▁of▁sentence｜>S\n\nUser: U1\n\nAssistant: A1<｜end▁of▁sentence｜>"
        "User: U2\n\nAssistant:"
    ),
    "deepseek-3": _DEEPSEEK.format(""),
    "deepseek-r1": _DEEPSEEK.format("") + "<think>\n",
    "command-r": (
        "<BOS_TOKEN>"
        + _TURN.format("SYSTEM", "S")
        + _TURN.format("USER", "U1")
        + _TURN.format("CHATBOT", "A1")
        + _TURN.format("USER", "U2")
        + "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
    ),
    "granite-3": _GRANITE,
    "granite-code": ("System:\nS\n\nQuestion:\nU1\n\nAnswer:\nA1\n\nQuestion:\nU2\n\nAnswer:\n"),
    "openchat": (
        "<s>GPT4 Correct System: S<|end_of_turn|>GPT4 Correct User: U1<|end_of_turn|>"
        "GPT4 Correct Assistant: A1<|end_of_turn|>GPT4 Correct User: U2<|end_of_turn|>"
        "GPT4 Correct Assistant:"
    ),
    "yi": "S" + _CHATML.removeprefix("<|im_start|>system\nS<|im_end|>\n"),
    "granite-4": _GRANITE,
    "openassistant": (
        "S<|prompter|>U1<|endoftext|><|assistant|>A1<|endoftext|><|prompter|>U2<|endoftext|>"
        "<|assistant|>"
    ),
    "openassistant-llama": (
        "<s>S<|prompter|>U1</s><|assistant|>A1</s><|prompter|>U2</s><|assistant|>"
    ),
    "stablelm-alpha": "<|SYSTEM|>S<|USER|>U1<|ASSISTANT|>A1<|USER|>U2<|ASSISTANT|>",
    "dolly": (
        "S### Instruction:\nU1\n\n### Response:\nA1### End\n\n### Instruction:\nU2\n\n"
        "### Response:\n"
    ),
    "claude-2": "S\n\nHuman: U1\n\nAssistant: A1\n\nHuman: U2\n\nAssistant:",
    "deepseek-coder": (
        "<｜begin▁of▁sentence｜>S### Instruction:\nU1\n### Response:\nA1\n<|EOT|>\n"
        "### Instruction:\nU2\n### Response:\n"
    ),
    "deepseek-3.1": _DEEPSEEK.format("<think></think>") + "<think></think>",
    "chatglm-3": (
        "[gMASK]sop<|system|>\n S<|user|>\n U1<|assistant|>\n A1<|user|>\n U2<|assistant|>"
    ),
    "glm-4": ("[gMASK]<sop><|system|>\nS<|user|>\nU1<|assistant|>\nA1<|user|>\nU2<|assistant|>\n"),
    "glm-4.6": (
        "[gMASK]<sop><|system|>\nS<|user|>\nU1<|assistant|>\n<think></think>\nA1<|user|>\nU2"
        "<|assistant|>"
    ),
    "kimi-k2": (
        "<|im_system|>system<|im_middle|>S<|im_end|><|im_user|>user<|im_middle|>U1<|im_end|>"
        "<|im_assistant|>assistant<|im_middle|>A1<|im_end|><|im_user|>user<|im_middle|>U2<|im_end|>"
        "<|im_assistant|>assistant<|im_middle|>"
    ),
    "minimax-m2": (
        "]~!b[]~b]system\nS[e~[\n]~b]user\nU1[e~[\n]~b]ai\nA1[e~[\n]~b]user\nU2[e~[\n"
        "]~b]ai\n<think>\n"
    ),
    "seed-oss": (
        "<seed:bos>system\nS<seed:eos><seed:bos>user\nU1<seed:eos><seed:bos>assistant\nA1"
        "<seed:eos><seed:bos>user\nU2<seed:eos><seed:bos>assistant\n"
    ),
    "exaone-3": (
        "[|system|]S[|endofturn|]\n[|user|]U1\n[|assistant|]A1[|endofturn|]\n[|user|]U2\n"
        "[|assistant|]"
    ),
    "smollm3": (
        "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\n"
        "Reasoning Mode: /think\n\n## Custom Instructions\n\nS\n\n<|im_end|>\n"
        + _CHATML.removeprefix("<|im_start|>system\nS<|im_end|>\n")
    ),
    "gpt-oss": (
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\n\nReasoning: medium\n\n# Valid channels: analysis, "
        "commentary, final. Channel must be included for every message.<|end|><|start|>developer"
        "<|message|># Instructions\n\nS\n\n<|end|><|start|>user<|message|>U1<|end|><|start|>"
        "assistant<|channel|>final<|message|>A1<|end|><|start|>user<|message|>U2<|end|><|start|>"
        "assistant"
    ),
    "monarch": (
        "<s>system\nS</s>\n<s>user\nU1</s>\n<s>assistant\nA1</s>\n<s>user\nU2</s>\n<s>assistant\n"
    ),
    "orion": "<s>Human: U1\n\nAssistant: </s>A1</s>Human: U2\n\nAssistant: </s>",
    "metharme": "<|system|>S<|user|>U1<|model|>A1<|user|>U2<|model|>",
    "tulu-3": (
        "<|begin_of_text|><|system|>\nS\n<|user|>\nU1\n<|assistant|>\nA1<|end_of_text|>\n"
        "<|user|>\nU2\n<|assistant|>\n"
    ),
    "olmo-2": (
        "<|endoftext|><|system|>\nS\n<|user|>\nU1\n<|assistant|>\nA1<|endoftext|>\n"
        "<|user|>\nU2\n<|assistant|>\n"
    ),
    "nemotron-mini": (
        "<extra_id_0>System\nS\n\n<extra_id_1>User\nU1\n<extra_id_1>Assistant\nA1\n"
        "<extra_id_1>User\nU2\n<extra_id_1>Assistant\n"
    ),
}
