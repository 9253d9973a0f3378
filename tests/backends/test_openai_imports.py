"""The OpenAI backend imports its SDK as late as it can, and without the event loop waiting."""

from __future__ import annotations

import subprocess
import sys

import pytest


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


MISSING = '{} is not installed: pip install "chatadapters[openai]"'
BROKEN = "{} is broken, it has no {}: pip install --force-reinstall {}"


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("openai", MISSING.format("openai")),
        ("httpx2", MISSING.format("httpx2")),
        ("jiter", MISSING.format("jiter")),  # which the SDK imports when its chat is used
        ("openai._models", BROKEN.format("openai", "openai._models", "openai")),
        ("pydantic.fields", BROKEN.format("pydantic", "pydantic.fields", "pydantic")),
    ],
)
def test_what_the_sdk_lacks_is_named(gone: str, told: str) -> None:
    """A package that it needs, or a part of one; to sync and async replies, and for its options."""
    code = f"""
import asyncio, sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name == {gone!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Gone())
from chatadapters import MissingDependencyError, openai_predict
predict = openai_predict("m", base_url="http://127.0.0.1:9/v1")
for ask in (
    lambda: predict.complete("Hi"),
    lambda: asyncio.run(predict.aio.complete("Hi")),
    lambda: predict.using(temprature=0).build("Hi"),
):
    try:
        ask()
    except MissingDependencyError as error:
        print(error)
"""
    assert run_python(code).splitlines() == [told] * 3
