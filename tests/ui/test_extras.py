"""Each chat UI has an extra, whose range begins with the versions that its tests use."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.release.alone import UIS
from tests.test_release import EXTRAS, licence_is_told, names
from tests.ui.browser.compile import compile_pins
from tests.ui.browser.run import PINS, ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples" / "ui"


def pins(name: str) -> dict[str, str]:
    """Give the versions that an environment of the browser tests has."""
    return dict(line.split("==") for line in (PINS / f"{name}.txt").read_text().split())


def used(ui: str) -> list[dict[str, str]]:
    """Give the environments in which a UI is tested: Gradio has two."""
    return [pins(path.stem) for path in sorted(PINS.glob(f"{ui}*.txt"))]


def test_every_ui_with_an_example_has_an_extra() -> None:
    """Only a function of Open WebUI's needs none: it runs where Open WebUI is."""
    named = {path.stem.removesuffix("_app") for path in EXAMPLES.glob("*_app.py")}
    assert named == UIS.keys() <= EXTRAS.keys()
    assert {path.stem.rstrip("5") for path in PINS.glob("*.txt")} == {*named, "open_webui"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    """An app with files, settings, stop and errors has less than 55 lines that are not empty."""
    assert len([line for line in path.read_text("utf-8").splitlines() if line.strip()]) < 55


@pytest.mark.parametrize("ui", UIS)
def test_a_range_begins_with_what_is_tested(ui: str) -> None:
    """The lowest version is one that the browser tests use, and so is every other in the range."""
    for line in EXTRAS[ui]:
        needed = Requirement(line)
        tested = sorted(Version(versions[needed.name]) for versions in used(ui))
        lowest = [bound for bound in needed.specifier if bound.operator == ">="]
        assert [Version(bound.version) for bound in lowest] == tested[:1]
        assert all(version in needed.specifier for version in tested)
        assert any(bound.operator == "<" for bound in needed.specifier)


@pytest.mark.browser
@pytest.mark.parametrize(
    "name", sorted(p.stem for p in PINS.glob("*.txt") if p.stem != "open_webui")
)
def test_pins_are_what_an_extra_comes_to(name: str, tmp_path: Path) -> None:
    """Resolving an extra anew gives the pins as they are: none is missing, none is left over."""
    pins = PINS / f"{name}.txt"
    again = tmp_path / pins.name
    shutil.copy(pins, again)
    compile_pins(again)
    assert again.read_text() == pins.read_text()


@pytest.mark.browser
@pytest.mark.parametrize("ui", UIS)
def test_a_licence_is_told_as_it_is_declared(ui: str) -> None:
    """What the page on licences says of a UI is what its package in the environment declares."""
    done = subprocess.run(
        [environment(ui) / "bin" / "python", "tests/release/licences.py", *names(EXTRAS[ui])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        name, _, declared = line.partition(": ")
        assert licence_is_told(name, declared), line
