from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "typing"


@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]], ids=["mypy", "pyright"])
def test_what_users_write_type_checks(checker: list[str]) -> None:
    """A user's file passes the strict type checkers, and every type it asserts is inferred."""
    name, *flags = checker
    done = subprocess.run(
        [sys.executable, "-m", name, *flags, str(HERE / "api.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_use_is_found(tmp_path: Path) -> None:
    """The types are not `Any`: a misspelt option and a misused reply are errors."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from chatadapters import Timeout, echo_predict\n"
        "Timeout(frist=1)\n"
        "echo_predict().complete('Hi').txt\n"
        "one: int = next(echo_predict()('Hi'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Found 3 errors" in done.stdout, done.stdout + done.stderr
