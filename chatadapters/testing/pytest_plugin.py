"""Fixtures for tests of chat clients: `pytest_plugins = ["chatadapters.testing.pytest_plugin"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ._model_server import ModelServer
from ._model_server import model_server as serving
from .faults import FaultServer
from .faults import fault_server as faults

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    """A real OpenAI-compatible server on the embedded model, one for the whole session."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def fault_server() -> Iterator[FaultServer]:
    """A server that breaks streams in every way they break, one for the whole session."""
    yield from faults()
