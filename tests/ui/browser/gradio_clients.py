"""Runs in Gradio's environment: asks an app by its API and as a tool of MCP's own client."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from gradio_client import Client
from mcp import ClientSession  # type: ignore[import-not-found] # in that environment
from mcp.client.streamable_http import streamablehttp_client  # type: ignore[import-not-found]


def by_api(url: str) -> list[Any]:
    """Give what two calls in one session and a stream give."""
    client = Client(url, verbose=False)
    first = client.predict("first", 0.5, api_name="/predict")
    second = client.predict("second", 0.5, api_name="/predict")
    return [first, second, [*client.submit("third", 0.5, api_name="/predict")]]


async def by_mcp(url: str) -> list[Any]:
    """Give the chat as a tool, what a call of it gives, and what one of `ask` gives."""
    async with (
        streamablehttp_client(f"{url}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        tool = tools["predict"]
        asked = {"message": "by a tool", "temperature": 1.5}
        called = [await session.call_tool(name, asked) for name in ("predict", "ask")]
        results = [[result.isError, result.content[0].text] for result in called]
        return [tool.description, tool.inputSchema, results]


if __name__ == "__main__":
    address = sys.argv[1].rstrip("/")
    found = {"api": by_api(address), "mcp": asyncio.run(by_mcp(address))}
    sys.stdout.write(json.dumps(found))
