from __future__ import annotations

import doctest
import gc
import importlib
import pkgutil
import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gradio_client import Client

import chatadapters
from chatadapters import AsyncPredict, Predict
from chatadapters.cli import main
from tests.apps import app, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatadapters.testing import ModelServer

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
README = (ROOT / "README.md").read_text()
# Gradio leaves event loops of its own unclosed.
GRADIO = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def blocks(language: str, pages: Sequence[Path] = PAGES) -> list[Any]:
    found = []
    for page in pages:
        text = page.read_text()
        for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 2
            found.append(pytest.param(match[1], id=f"{page.name}:{line}"))
    return found


def docstrings() -> Iterator[Any]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for info in pkgutil.walk_packages(chatadapters.__path__, "chatadapters."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for test in finder.find(module):
            if test.examples:
                yield pytest.param(test, id=test.name, marks=GRADIO if "demo" in test.name else ())


def check(test: doctest.DocTest) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    said: list[str] = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("test", [*docstrings()])
def test_docstring_examples(test: doctest.DocTest) -> None:
    """Every example in a docstring gives what it says."""
    check(test)
    if "demo" in test.name:
        gc.collect()  # so that what Gradio leaves behind is found here and not in another test


@pytest.mark.parametrize("code", blocks("pycon"))
def test_sessions_on_the_pages(code: str) -> None:
    """Every session on a page gives what it says."""
    check(doctest.DocTestParser().get_doctest(code, {}, "page", None, None))


@pytest.mark.parametrize("code", blocks("python"))
def test_programs_on_the_pages(code: str, model_server: ModelServer) -> None:
    """Every program on a page runs as it is and answers; OpenAI is played by a real model."""
    port = free_port()
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": "none"}
    settings = ["Answer briefly.", 0] if "additional_inputs" in code else []
    with app(["-c", code], port=port, **env) as running:
        client = Client(running.url, verbose=False)
        assert client.predict("Say hello.", *settings, api_name="/predict")


def commands() -> list[Any]:
    lines = (line for block in blocks("sh", PAGES[:1]) for line in block.values[0].splitlines())
    return [command for line in lines for command in line.split(" && ")]


def test_the_commands_name_what_exists() -> None:
    """The README's uv commands name extras, groups and subcommands that exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {
        "--extra": project["project"]["optional-dependencies"],
        "--group": project["dependency-groups"],
    }
    uv = [shlex.split(command) for command in commands() if command.startswith("uv ")]
    assert len(uv) == 2
    for words in uv:
        for flag, value in pairwise(words):
            assert flag not in names or value in names[flag]
    with pytest.raises(SystemExit) as exit_info:
        main([*uv[0][uv[0].index("chatadapters") + 1 :], "--help"])
    assert exit_info.value.code == 0


def test_the_table_of_views_is_whole() -> None:
    """The README's table lists every view of a predict, and no other."""
    listed = set(re.findall(r"^\| `predict(?:\.(\w+))?\(message, history\)`", README, re.MULTILINE))
    apart = {"aio", "backend", "using", "close"}
    for kind in (Predict, AsyncPredict):
        public = {name for name in dir(kind) if not name.startswith("_")}
        assert listed - {""} == public - apart
