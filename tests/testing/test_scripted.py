"""Scripts that cannot be played are refused where they are written."""

from __future__ import annotations

from typing import Any

import pytest

from chatadapters import Finish, OptionError, Text
from chatadapters.testing import Pause, ScriptedBackend


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (3, "a script is 3: give a string"),
        (None, "a script is None"),
        (Finish("stop"), "a script is Finish"),
        (["Hel", None], "a step is None"),
        (["Hel", ConnectionResetError], r"a step is <class.*such as ConnectionResetError\(\)"),
    ],
)
def test_what_cannot_be_played_is_named(script: Any, says: str) -> None:
    """Not at the first message, and not as what a reader gave."""
    with pytest.raises(OptionError, match=says):
        ScriptedBackend("fine", script)


@pytest.mark.parametrize("seconds", [-1, "1", None])
def test_a_pause_is_a_number_of_seconds(seconds: Any) -> None:
    """What is none is named."""
    with pytest.raises(OptionError, match="give a number of seconds"):
        Pause(seconds)


def test_every_kind_of_step_may_be_one() -> None:
    """Strings, events, exceptions and pauses, in a list or a tuple."""
    steps = ["a", Text("b"), OSError(), Pause(0), Finish("stop")]
    assert ScriptedBackend(steps, tuple(steps), "word").scripts[0] is steps
