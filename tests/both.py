"""Runs a view of a predict in both colours, so that every test holds for sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[Any]]


def _sync(predict: Any, view: str, *args: Any) -> list[Any]:
    return list(_view(predict, view)(*args))


def _async(predict: Any, view: str, *args: Any) -> list[Any]:
    async def values() -> list[Any]:
        return [value async for value in _view(predict.aio, view)(*args)]

    return asyncio.run(values())


def _view(predict: Any, view: str) -> Any:
    return predict if view == "predict" else getattr(predict, view)


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Give `run(predict, view, *args) -> values`, once for each colour."""
    found: Run = request.param
    return found


def complete(run: Run, predict: Any, *args: Any) -> Any:
    """Give the whole reply in the colour of `run`."""
    if run is _sync:
        return predict.complete(*args)
    return asyncio.run(predict.aio.complete(*args))
