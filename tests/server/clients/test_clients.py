"""Clients that nobody here wrote, each in an environment of its own, against the server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatadapters import Finish, ProviderStreamError, Retry, Text, Usage, echo_predict, make_predict
from chatadapters.testing import Pause, ScriptedBackend
from tests.server.clients.environments import npm_client, python_client
from tests.server.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
SCRIPTS = Path(__file__).parent / "scripts"
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
#: What a client says that it has seen.
COMMON = {
    "whole": "Hello you",
    "usage": 5,
    "stream": "Hello you",
    "streamed_usage": 5,
    "tool": CALL["function"],
    "broken": "Hel",
    "unknown": 404,
    "wrong": 400,
}


class Tooled(ScriptedBackend):
    """A scripted backend that takes what clients send."""

    def request_options(self) -> dict[str, str]:
        return {"tools": "tools", "temperature": "temperature"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve a model that answers, one that calls a tool, one that breaks and a parrot."""
    broken = ProviderStreamError("gone", status=500)
    scripts = {
        "hello": ["Hello", Pause(0.01), " you", Finish("stop", Usage(3, 2))],
        "tools": [Finish("tool_calls", tool_calls=(CALL,))],
        "breaks": [Text("Hel"), Pause(0.05), broken],
    }
    predicts: dict[str, Any] = {
        name: make_predict(Tooled(script), retry=Retry(attempts=1))
        for name, script in scripts.items()
    }
    with serving({**predicts, "parrot": echo_predict()}, api_keys=["key"]) as address:
        yield f"{address}/v1"


def run(*command: str | Path, at: Path | None = None, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=at,
        env={**os.environ, "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_npm_client_of_openai(url: str) -> None:
    """Models, whole replies, streams, usage, tools, errors before and after text, keys."""
    seen = json.loads(run("node", SCRIPTS / "npm_openai.mjs", url, npm_client()))
    assert "the model failed" in seen.pop("broken_error")
    models = ["hello", "tools", "breaks", "parrot"]
    assert seen == {**COMMON, "models": models, "denied": 401}


def test_langchain_openai(url: str) -> None:
    """The same with ChatOpenAI, which also sends the result of a tool."""
    python = python_client("langchain-openai") / "python"
    seen = json.loads(run(python, SCRIPTS / "langchain_openai_client.py", url))
    assert "the model failed" in seen.pop("broken_error")
    assert seen == {**COMMON, "answered": "weather"}


def test_litellm(url: str) -> None:
    """The same with litellm, sync and async."""
    python = python_client("litellm") / "python"
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    seen = json.loads(run(python, SCRIPTS / "litellm_client.py", url, **env).splitlines()[-1])
    assert "the model failed" in seen.pop("broken_error")
    assert seen == {**COMMON, "async": "Hello you"}


def test_llm(url: str, tmp_path: Path) -> None:
    """The command `llm` with a model of `extra-openai-models.yaml`: streamed, whole, continued."""
    models = [
        {"model_id": "ours", "model_name": "hello", "api_base": url, "api_key_name": "ours"},
        {"model_id": "parrot", "model_name": "parrot", "api_base": url, "api_key_name": "ours"},
    ]
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps(models))  # which is YAML too
    env = {"LLM_USER_PATH": str(tmp_path)}
    llm = python_client("llm") / "llm"
    assert run(llm, "-m", "ours", "--key", "key", "Hi", **env) == "Hello you\n"
    assert run(llm, "-m", "ours", "--key", "key", "--no-stream", "Hi", **env) == "Hello you\n"
    assert run(llm, "-m", "parrot", "--key", "key", "-s", "Be brief.", "one", **env) == "one\n"
    assert run(llm, "-c", "--key", "key", "two", **env) == "two\n"


#: JSON schema cannot say that the last message must be the user's.
BESIDES = ("--exclude-checks", "positive_data_acceptance")
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    "which", [("--exclude-path", CHAT), ("--include-path", CHAT, *BESIDES)], ids=["others", "chat"]
)
def test_schemathesis(which: tuple[str, ...], tmp_path: Path) -> None:
    """Requests made from our own description, right and wrong ones, find no contradiction."""
    with serving({"parrot": echo_predict()}, api_keys=["key"]) as url:
        said = run(
            python_client("schemathesis") / "schemathesis",
            "run", f"{url}/openapi.json", "--header", "Authorization: Bearer key",
            "--max-examples", "50", "--seed", "1", "--generation-database", "none", *which,
            at=tmp_path,
        )  # fmt: skip
    assert "passed" in said
    assert "failed" not in said
