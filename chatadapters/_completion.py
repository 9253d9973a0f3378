"""The command `chatadapters completion`: a script that lets a shell complete the command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._registry import backend_names, missing

if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "fish", "zsh")


def print_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the script for a shell.

    Args:
        parser: The command's parser.
        shell: One of `SHELLS`.

    Returns:
        The exit code.

    Raises:
        MissingDependencyError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        raise missing("shtab", "cli") from error
    from .templates import list_templates

    names = {"--backend": backend_names(), "--template": list_templates()}
    for action in _actions(parser):
        for option in action.option_strings:
            if option in names:  # only here: other values than these are right as well
                action.choices = names[option]
    sys.stdout.write(shtab.complete(parser, shell=shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    actions = [*parser._actions]
    for action in parser._actions:
        commands = action.choices if isinstance(action.choices, dict) else {}
        actions += [inner for command in commands.values() for inner in _actions(command)]
    return actions
