"""Rules about imports that no linter knows: what is imported when, and by whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent / "chatadapters"
FILES = sorted(PACKAGE.rglob("*.py"))
#: Files that may import something at once, because they are imported only where it is there.
AT_ONCE = {
    "_body.py": {"httpx2"},
    "_connection.py": {"httpx2"},
    "_framing.py": {"httpx2"},
    "_heads.py": {"httpx2"},
    "_routes.py": {"httpx2"},
    "_socks.py": {"httpx2"},
    "_unpack.py": {"httpx2"},
    "_network.py": {"httpx2"},
    "_network_async.py": {"httpx2"},
    "_pool.py": {"httpx2"},
    "_reuse.py": {"httpx2"},
    "_transport.py": {"httpx2"},
    "backends/_openai_types.py": {"msgspec"},
    "backends/_tgi_types.py": {"msgspec"},
    "server/_head.py": {"uvicorn"},
    "templates/_bounds.py": {"jinja2"},
    "templates/_budget.py": {"jinja2"},
    "templates/_filters.py": {"jinja2"},
    "templates/_looked.py": {"jinja2"},
    "templates/_meter.py": {"jinja2"},
    "templates/_prune.py": {"jinja2"},
    "templates/_sandbox.py": {"jinja2"},
    "testing/_contract.py": {"pytest"},
    "testing/pytest_plugin.py": {"pytest"},
}
_WIRE = (
    "_body.py",
    "_connection.py",
    "_framing.py",
    "_heads.py",
    "_unpack.py",
    "_http",
    "_network",
    "_post.py",
    "_reuse.py",
    "_routes.py",
    "_socks.py",
    "_transport.py",
    "backends/_openai_clients.py",
)
#: Where an SDK may be imported, as the beginning of a path; one place, except where two need it.
HOMES = {
    "gradio": ("demo.py", "ui/gradio.py"),
    "h11": ("_heads.py",),
    "httpx2": _WIRE,
    "huggingface_hub": ("_weights.py", "backends/_huggingface_hub.py", "templates/_sources.py"),
    "jinja2": ("templates/",),
    "langchain": ("backends/_langchain_model.py",),
    "langchain_core": ("backends/langchain.py", "backends/_langchain_"),
    "openai": ("backends/_openai_", "backends/openai.py"),
    "opentelemetry": ("otel.py", "_otel_span.py"),
    "socksio": ("_socks.py",),
    "starlette": ("server/",),
    "tenacity": ("_retry.py",),
    "uvicorn": ("server/",),
}


def imports(body: list[ast.stmt], *, late: bool) -> Iterator[str]:
    """Give the packages that statements import, but for those that only type checkers see."""
    for node in body:
        match node:
            case ast.Import(names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                yield from imports(node.orelse, late=late)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not late:
                pass
            case _:
                yield from imports(_inside(node), late=late)


def _inside(node: Any) -> list[Any]:
    parts = [getattr(node, name, []) for name in ("body", "orelse", "finalbody", "handlers")]
    return [inner for part in parts if isinstance(part, list) for inner in part]


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_importing_a_module_imports_nothing_of_others(path: Path) -> None:
    """A module imports the standard library and this package; the rest comes with its use."""
    found = {*imports(ast.parse(path.read_text("utf-8")).body, late=False)}
    others = found - {*sys.stdlib_module_names, "chatadapters"}
    assert others <= AT_ONCE.get(named(path), set())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_an_sdk_is_imported_at_home_only(path: Path) -> None:
    """Whoever wants to know how we use an SDK reads one file or a few of one name."""
    for sdk in imports(ast.parse(path.read_text("utf-8")).body, late=True):
        homes = HOMES.get(sdk, ("",))
        assert named(path).startswith(homes), f"{sdk} is imported in {named(path)}, not in {homes}"


def test_every_module_can_be_imported_without_an_extra() -> None:
    """With only the two core dependencies there, every module but the named ones imports."""
    code = """
import importlib, sys
class Bare:
    def find_spec(self, name, path=None, target=None):
        own = {"chatadapters", "msgspec", "tenacity"}
        root = name.partition(".")[0]
        if root not in own and root not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {root!r}", name=root)
before = {*sys.modules}
sys.meta_path.insert(0, Bare())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
    modules = [
        ".".join(("chatadapters", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in FILES
        if AT_ONCE.get(named(path), {"msgspec"}) == {"msgspec"} and path.stem != "__main__"
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *modules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


#: What a message needs, and making a predict does not.
OF_A_MESSAGE = {
    *("asyncio", "datetime", "email", "http", "json", "logging", "msgspec", "queue", "socket"),
    *("ssl", "tempfile", "urllib", "zlib"),
    *(f"chatadapters.{name}" for name in ("_conversation", "_events", "_feed", "_parts")),
    *(f"chatadapters.{name}" for name in ("_reply", "_retry", "_views", "templates")),
}
MOST_OWN = 6
PREDICTS = {
    "echo": "echo_predict()",
    "huggingface": "huggingface_predict('m', stop='a')",
    "langchain": "langchain_predict('openai:m', window=Window(turns=3))",
    "openai": "openai_predict('m', base_url='http://x/v1', system='Be brief.', temperature=0)",
    "text_generation": "text_generation_predict('http://x', stop_sequences=['a'])",
}


@pytest.mark.parametrize("name", PREDICTS)
def test_making_a_predict_imports_nothing_that_a_message_needs(name: str) -> None:
    """The import loads few modules more than the backend's own, and making a predict none."""
    code = (
        f"import sys; before = {{*sys.modules}}; from chatadapters import Window, {name}_predict; "
        f"loaded = {{*sys.modules}}; {PREDICTS[name]}; "
        "print(*loaded - before); print(*{*sys.modules} - loaded)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported, made = done.stdout.splitlines()
    assert made == ""
    loaded = {*imported.split()}
    assert loaded & OF_A_MESSAGE == set()
    own = sorted(each for each in loaded if each.startswith("chatadapters.backends."))
    assert f"chatadapters.backends.{name}" in own
    assert len(own) <= MOST_OWN, own
