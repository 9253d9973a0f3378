"""Fixtures that many tests share."""

from tests.both import run

__all__ = ["run"]
