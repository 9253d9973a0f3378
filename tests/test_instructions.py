"""A hot path that grows by more than a tenth is beyond its budget, and none goes without one."""

from __future__ import annotations

import json

from benchmarks.instructions import BUDGETS, PATHS, REFERENCE, VERSION, compare

KNOWN = json.loads(BUDGETS.read_text("utf-8"))


def grown(factor: float) -> list[str]:
    found = {name: factor * ratio for name, ratio in KNOWN["ratios"].items()}
    return compare(found, {**KNOWN, "python": VERSION})


def test_what_grows_by_more_than_a_tenth_is_told() -> None:
    """Each path by its name; less than that is not."""
    assert len(grown(1.11)) == len(KNOWN["ratios"])
    assert grown(1.09) == []


def test_another_version_of_python_is_held_to_a_wider_margin() -> None:
    """It is compared all the same."""
    found = {name: 1.6 * ratio for name, ratio in KNOWN["ratios"].items()}
    assert len(compare(found, {**KNOWN, "python": "2.7"})) == len(found)


def test_every_path_has_a_budget() -> None:
    """One without is an error."""
    assert {*KNOWN["ratios"]} == {*PATHS} - {REFERENCE}
    assert compare({"new": 1.0}, KNOWN) == ["new: no budget"]
