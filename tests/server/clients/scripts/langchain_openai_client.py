"""ChatOpenAI of langchain-openai. Argument: the base URL."""

import json
import sys

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI


def chat(model: str, **more: object) -> ChatOpenAI:
    return ChatOpenAI(model=model, base_url=sys.argv[1], api_key="key", max_retries=0, **more)


seen = {}
whole = chat("hello").invoke("Hi")
seen["whole"], seen["usage"] = whole.content, whole.usage_metadata["total_tokens"]
chunks = list(chat("hello", stream_usage=True).stream("Hi"))
seen["stream"] = "".join(chunk.content for chunk in chunks)
totals = [chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata]
seen["streamed_usage"] = totals[-1]
tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
asked = chat("tools").bind_tools([tool]).invoke("Hi")
(call,) = asked.tool_calls
seen["tool"] = {"name": call["name"], "arguments": json.dumps(call["args"])}
result = ToolMessage("21 degrees", tool_call_id=call["id"])
seen["answered"] = chat("tools").invoke([HumanMessage("Hi"), asked, result]).tool_calls[0]["name"]
seen["broken"] = ""
try:
    for chunk in chat("breaks").stream("Hi"):
        seen["broken"] += chunk.content
except openai.APIError as error:
    seen["broken_error"] = str(error)
for name, model, options in (("unknown", "nobody", {}), ("wrong", "hello", {"n": 2})):
    try:
        chat(model, **options).invoke("Hi")
    except openai.APIStatusError as error:
        seen[name] = error.status_code
sys.stdout.write(json.dumps(seen))
