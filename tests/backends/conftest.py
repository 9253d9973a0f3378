"""Fixtures of the openai backend's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.openai_fetch import REPLY, Fetch, fetch_async, fetch_sync
from tests.backends.served import Served, answer


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of OpenAI's in the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Served]:
    """Serve one reply after the other."""
    with Served([answer(*REPLY)]) as running:
        yield running


@pytest.fixture(params=[fetch_sync, fetch_async], ids=["sync", "async"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Give `fetch(backend, **options) -> bytes`, once for each colour."""
    found: Fetch = request.param
    return found
