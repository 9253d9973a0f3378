"""Fixtures that many tests share."""

from hypothesis import settings

from tests.both import run

__all__ = ["run"]

# How long an example takes says something about the machine, not about us.
settings.register_profile("chatadapters", deadline=None)
settings.load_profile("chatadapters")
