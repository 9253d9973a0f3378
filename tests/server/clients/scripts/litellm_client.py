"""litellm's completion. Argument: the base URL."""

import asyncio
import json
import sys
from typing import Any

import litellm
import openai

litellm.suppress_debug_info = True
MESSAGES = [{"role": "user", "content": "Hi"}]


def ask(model: str, **more: Any) -> Any:
    return litellm.completion(
        model=f"openai/{model}", api_base=sys.argv[1], api_key="key", messages=MESSAGES,
        num_retries=0, max_retries=0, **more,
    )  # fmt: skip


async def ask_async() -> str:
    stream = await litellm.acompletion(
        model="openai/hello", api_base=sys.argv[1], api_key="key", messages=MESSAGES, stream=True
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


seen = {}
whole = ask("hello")
seen["whole"], seen["usage"] = whole.choices[0].message.content, whole.usage.total_tokens
chunks = list(ask("hello", stream=True, stream_options={"include_usage": True}))
seen["stream"] = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
seen["streamed_usage"] = [c.usage.total_tokens for c in chunks if getattr(c, "usage", None)][-1]
seen["async"] = asyncio.run(ask_async())
tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
function = ask("tools", tools=[tool]).choices[0].message.tool_calls[0].function
seen["tool"] = {"name": function.name, "arguments": function.arguments}
seen["broken"] = ""
try:
    for chunk in ask("breaks", stream=True):
        seen["broken"] += chunk.choices[0].delta.content or ""
except openai.APIError as error:
    seen["broken_error"] = str(error)
for name, model, options in (("unknown", "nobody", {}), ("wrong", "hello", {"n": 2})):
    try:
        ask(model, **options)
    except openai.APIStatusError as error:
        seen[name] = error.status_code
sys.stdout.write(json.dumps(seen))
