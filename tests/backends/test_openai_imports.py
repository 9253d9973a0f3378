"""The OpenAI backend imports its SDK as late as it can, and without the event loop waiting."""

from __future__ import annotations

import subprocess
import sys


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_building_a_payload_imports_no_sdk() -> None:
    """The SDK takes a third of a second, msgspec and asyncio are not needed yet."""
    code = """
import sys
from chatadapters import Message
from chatadapters.backends.openai import OpenAIBackend
backend = OpenAIBackend("m", api_key="k")
backend.build([Message("user", "Hi")], {"temperature": 0, "stop": ("a",)})
repr(backend), backend.secrets()
print(sorted({"openai", "msgspec", "asyncio", "httpx2"} & set(sys.modules)))
"""
    assert run_python(code) == "[]"


def test_the_event_loop_does_not_wait_for_the_sdk() -> None:
    """The first message imports all of it in a thread, and so do those that come meanwhile."""
    code = """
import asyncio, builtins, sys, threading
from chatadapters import Message, Timeout
from chatadapters.backends.openai import OpenAIBackend
from tests.backends.served import Served, answer, event
imported = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("openai", "pydantic"):
            imported.append((threading.current_thread() is threading.main_thread(), name))
async def read(url, api):
    backend = OpenAIBackend("m", base_url=url, api=api)
    payload = backend.build([Message("user", "Hi")], {})
    async for _ in backend.astream(payload, Timeout()):
        pass
    await backend.aclose()
async def main(url):
    sys.meta_path.insert(0, Watch())
    await asyncio.gather(*(read(url, api) for api in ("chat", "responses", "chat")))
with Served([answer(event("[DONE]"))] * 3) as server:
    asyncio.run(main(server.url))
print(len(imported) > 50, sorted(name for here, name in imported if here))
"""
    assert run_python(code) == "True []"


def test_a_missing_sdk_is_named() -> None:
    """The error is the command that installs it."""
    code = """
import sys
sys.modules["openai"] = None
from chatadapters import Message, Timeout
from chatadapters.backends.openai import OpenAIBackend
backend = OpenAIBackend("m", api_key="k")
try:
    list(backend.stream(backend.build([Message("user", "Hi")], {}), Timeout()))
except ImportError as error:
    print(type(error).__name__, error)
"""
    shown = run_python(code)
    assert shown.startswith("MissingDependencyError")
    assert 'pip install "chatadapters[openai]"' in shown
