"""The recipes of CONTRIBUTING.md, followed word for word in a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = dict(
    re.findall(
        r"^### (.+?)\n(.*?)(?=^### |\Z)", PAGE.partition("## Recipes")[2], re.MULTILINE | re.DOTALL
    )
)
_STEP = re.compile(
    r"^(?:In `(?P<file>[^`\n]+)`, below `(?P<line>[^`\n]+)`|`(?P<new>[^`\n]+)`)\n\n"
    r"```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def follow(recipe: str, copy: Path) -> int:
    """Do what the steps say, and give how many there were."""
    steps = list(_STEP.finditer(recipe))
    for step in steps:
        if step["new"]:
            new = copy / step["new"]
            assert not new.exists(), f"{new} is there already"
            new.write_text(step["code"], encoding="utf-8")
        else:
            file = copy / step["file"]
            text = file.read_text("utf-8")
            assert text.count(f"{step['line']}\n") == 1, f"{step['line']!r} in {step['file']}"
            changed = text.replace(f"{step['line']}\n", f"{step['line']}\n{step['code']}")
            file.write_text(changed, encoding="utf-8")
    return len(steps)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_works_as_it_is_written(name: str, tmp_path: Path) -> None:
    """Who follows it has a test that passes at its end, and code that the linter likes."""
    for part in ("chatadapters", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    recipe = RECIPES[name]
    assert follow(recipe, tmp_path) >= 2
    command = re.search(r"^uv run --group test (pytest .+)$", recipe, re.MULTILINE)
    assert command is not None
    words = [sys.executable, "-m", *command[1].split(), "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed", done.stdout), done.stdout
    linted = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "E,F,W,UP,B", "chatadapters"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_there_are_three_recipes() -> None:
    """A backend, a chat UI, a chat template."""
    assert [*RECIPES] == ["A backend", "A chat UI", "A chat template"]
