"""What a release says of itself, held against what it is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from tests.release.alone import UIS
from tests.release.licences import licence

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
KINDS = ("BSD", "Apache", "MIT", "MPL")
THIRD_PARTY = (ROOT / "THIRD_PARTY.md").read_text("utf-8")


def names(requirements: list[str]) -> set[str]:
    found = {re.split(r"[\[<>=; ]", text)[0] for text in requirements}
    return found - {"chatadapters"}


def licences() -> dict[str, str]:
    """Give what the page says of each package."""
    rows = re.findall(r"^\| ([\w, -]+) \| ([^|]+) \|", THIRD_PARTY, re.MULTILINE)
    return {name: told for packages, told in rows[1:] for name in packages.split(", ")}


def test_every_dependency_has_its_licence_told() -> None:
    """A package that an extra installs is in the table, with the licence it declares."""
    wanted = names(PROJECT["project"]["dependencies"])
    wanted |= {name for requirements in EXTRAS.values() for name in names(requirements)}
    assert wanted <= licences().keys()
    elsewhere = {"text-generation"}.union(*(names(EXTRAS[ui]) for ui in UIS))
    for name in licences().keys() - elsewhere | {"gradio"}:
        assert licence_is_told(name, licence(name))


def licence_is_told(name: str, declared: str) -> bool:
    """Say whether the page tells of a package what it declares."""
    return any(kind in declared and kind in licences()[name] for kind in KINDS)


def test_the_extra_all_is_every_extra_that_fits() -> None:
    """`all` names every extra but the UIs and the one that cannot stand beside the others."""
    (everything,) = EXTRAS["all"]
    listed = {*re.search(r"\[(.*)\]", everything)[1].split(",")}  # type: ignore[index]
    assert listed == EXTRAS.keys() - {"all", "text-generation", *UIS}


def test_the_script_tries_every_extra() -> None:
    """`.ci/release` and the questions it asks know every extra."""
    script = (ROOT / ".ci" / "release").read_text("utf-8")
    asked = (ROOT / "tests" / "release" / "alone.py").read_text("utf-8")
    for extra in EXTRAS.keys() - {"all"}:
        assert re.search(rf"\b{extra}\b", script), extra
        assert f'"{extra}": ' in asked, extra


def test_the_pythons_are_the_same_everywhere() -> None:
    """Classifiers, the page on compatibility, the workflow and the script name the same ones."""
    classifiers = PROJECT["project"]["classifiers"]
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))
    page = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    told = re.findall(r"3\.\d+", "".join(re.findall(r"^\| (3[^|]*)\|", page, re.MULTILINE)))
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    matrix = workflow["jobs"]["systems"]["strategy"]["matrix"]["python"]
    script = re.search(r"for version in ([\d. ]+);", (ROOT / ".ci/release").read_text("utf-8"))
    assert script is not None
    assert pythons == told == matrix == script[1].split()


def test_the_workflow_runs_what_exists() -> None:
    """Scripts, flags and test files that the forge's workflow names are there."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    commands = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    words = [word for command in commands for word in shlex.split(command)]
    paths = [word for word in words if word.startswith((".ci/", "tests/"))]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert "--without-corpora" in words
    assert "--without-corpora" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_issue_forms_are_forms() -> None:
    """Each has a name, a description and at least one field that must be filled in."""
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
    assert len(forms) == 3
    for form in forms:
        told = yaml.safe_load(form.read_text("utf-8"))
        assert told["name"]
        assert told["description"]
        assert any(field.get("validations", {}).get("required") for field in told["body"])


def test_the_wheel_brings_no_package_but_ours() -> None:
    """Nothing is installed under a name, such as `tests`, that a user's own folder has."""
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build == {"packages": ["chatadapters"]}


@pytest.mark.parametrize("path", ["LICENSE", "THIRD_PARTY.md"])
def test_licences_travel_with_the_wheel(path: str) -> None:
    """The files that say what belongs to whom are named for the wheel."""
    assert path in PROJECT["project"]["license-files"]
    assert (ROOT / path).is_file()


def test_the_licence_script_prints_what_is_installed() -> None:
    """The command on the page about licences works as it stands there."""
    done = subprocess.run(
        [sys.executable, "tests/release/licences.py", "msgspec"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"msgspec: {metadata.metadata('msgspec')['License-Expression']}\n"
