from __future__ import annotations

import doctest
import gc
import importlib
import importlib.util
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gradio_client import Client

import chatadapters
from chatadapters import AsyncPredict, Predict, cli
from chatadapters.cli import main
from tests.apps import free_port, gradio_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatadapters.testing import ModelServer

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
#: Languages of blocks, and who holds each; a block in another one would be held by nobody.
HELD = {
    "": "a drawing or an output",
    "pycon": "test_sessions_on_the_pages",
    "python": "test_programs_on_the_pages, or tests/test_examples.py for one that is included",
    'python title="test_': "test_unit_tests_on_the_pages",
    'python title="before: ': "tests/test_migration.py",
    'python title="after: ': "tests/test_migration.py",
    "sh": "test_the_commands_on_the_pages",
    "toml": "test_toml_on_the_pages",
}
#: Every address outside that a page links to; a reader may want to know where they are sent.
EXTERNAL = {
    "https://docs.astral.sh/uv/",
    "https://semver.org",
    "https://tenacity.readthedocs.io",
}
INCLUDED = re.compile(r'--8<-- "(.+)"')
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_on_the_pages(page: Path) -> None:
    """Every session on a page gives what it says; one goes on where the last one ended."""
    session = "\n".join(block.values[0] for block in blocks("pycon", [page]))
    check(doctest.DocTestParser().get_doctest(session, {}, page.name, None, None))


PROGRAMS = [block for block in blocks("python") if not INCLUDED.search(block.values[0])]


@pytest.mark.parametrize("code", PROGRAMS)
def test_programs_on_the_pages(code: str, model_server: ModelServer) -> None:
    """Every program on a page runs as it is and answers; OpenAI is played by a real model."""
    port = free_port()
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": "none"}
    settings = ["Answer briefly.", 0] if "additional_inputs" in code else []
    with gradio_app(["-c", code], port=port, **env) as running:
        client = Client(running.url, verbose=False)
        assert client.predict("Say hello.", *settings, api_name="/predict")


def test_every_block_is_held_by_a_test() -> None:
    """No page has code in a language, or under a title, that nothing runs or reads."""
    for page in PAGES:
        fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)
        for fence in fences[::2]:
            known = fence in HELD or any(fence.startswith(k) for k in HELD if " " in k)
            assert known, f"{page.name}: a block of {fence!r}"


def test_included_programs_are_examples() -> None:
    """A program that a page includes is one that `tests/test_examples.py` runs."""
    included = [name for page in PAGES for name in INCLUDED.findall(page.read_text("utf-8"))]
    assert len(included) >= 5
    assert {*included} <= {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")}


TITLED = [
    pytest.param(match[1], match[2], id=f"{page.stem}-{match[1]}")
    for page in PAGES
    for match in re.finditer(
        r'^```python title="(test_\w+\.py)"\n(.*?)^```$',
        page.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
]


@pytest.mark.parametrize(("name", "code"), TITLED)
def test_unit_tests_on_the_pages(name: str, code: str, tmp_path: Path) -> None:
    """A unit test on a page passes as it is, in an empty folder, with pytest alone."""
    (tmp_path / name).write_text(code, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("code", blocks("toml"))
def test_toml_on_the_pages(code: str) -> None:
    """What a page writes into a pyproject.toml can be read, and is that of the sample plugin."""
    plugin = tomllib.loads((ROOT / "examples" / "plugin" / "pyproject.toml").read_text("utf-8"))
    assert tomllib.loads(code)["project"].items() <= plugin["project"].items()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_on_the_pages(page: Path) -> None:
    """Extras, groups, files and modules that a page's commands name exist."""
    text = "\n".join(block.values[0] for block in blocks("sh", [page]))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = {*project["project"]["optional-dependencies"]}
    named = {*re.findall(r"--extra ([\w-]+)", text)}
    named |= {name for group in re.findall(r"\.\[([\w,-]+)\]", text) for name in group.split(",")}
    assert named <= extras
    assert {*re.findall(r"--group ([\w-]+)", text)} <= {*project["dependency-groups"]}
    for path in re.findall(r"(?:examples|tests|docs|benchmarks)/[\w/.]+\.py", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"-m ((?:chatadapters|benchmarks)[\w.]*)", text):
        folder = ROOT / module.replace(".", "/")
        assert folder.is_dir() or folder.with_suffix(".py").exists(), module


def test_external_links_are_known() -> None:
    """Where pages send a reader is a list, read by people before it grows."""
    texts = [page.read_text("utf-8") for page in PAGES]
    linked = {url for text in texts for url in re.findall(r"\]\((https?://[^)\s]+)\)", text)}
    assert linked <= EXTERNAL


def test_quoted_tables_are_the_measured_ones() -> None:
    """A table that a page quotes is that of the measurement; `python docs/tables.py` renews it."""
    found = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert found is not None
    assert found.loader is not None
    tables = importlib.util.module_from_spec(found)
    found.loader.exec_module(tables)
    for page in tables.PAGES:
        assert tables.quoted(page) == (ROOT / page).read_text("utf-8"), page


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


def own_commands() -> set[str]:
    """Give every use of our command on the pages, and in the examples of its own help."""
    texts = [block.values[0] for block in blocks("sh")]
    texts += [text for text in vars(cli).values() if isinstance(text, str)]
    lines = "\n".join(texts).replace("\\\n", " ").splitlines()
    uses = (re.search(r"(?:^|[\s(])(chatadapters [a-z][^|>)\n]*)", line) for line in lines)
    return {use[1] for use in uses if use and "examples" not in use[1]}


@pytest.mark.parametrize("use", sorted(own_commands()))
def test_the_command_takes_what_the_pages_and_its_help_say(use: str) -> None:
    """Every use of `chatadapters` that is shown is one that it takes."""
    words = shlex.split(use.split("  ", maxsplit=1)[0])[1:]
    assert cli._parser().parse_args(words).run


def test_the_extras_on_the_pages_exist() -> None:
    """What the pages say to install can be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"pip install \"\.\[([\w,-]+)\]", "\n".join(p.read_text() for p in PAGES))
    assert named
    extras = {extra for names in named for extra in names.split(",")}
    assert extras <= project["optional-dependencies"].keys()


def test_the_table_of_views_is_whole() -> None:
    """The README's table lists every view of a predict, and no other."""
    listed = set(re.findall(r"^\| `predict(?:\.(\w+))?\(message, history\)`", README, re.MULTILINE))
    apart = {"aio", "backend", "using", "close"}
    for kind in (Predict, AsyncPredict):
        public = {name for name in dir(kind) if not name.startswith("_")}
        assert listed - {""} == public - apart
