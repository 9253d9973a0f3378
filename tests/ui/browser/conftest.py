"""The examples of all UIs, each in its own environment, in a browser."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps import _wait_until_up, free_port
from tests.e2e.conftest import browser, page
from tests.ui.browser.pages import UIS, Chat
from tests.ui.browser.run import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.ui.browser.pages import UI

__all__ = ["browser", "page"]
PATCHED = Path(__file__).parent / "patched"


@contextmanager
def running(ui: UI, folder: Path, *, scripted: bool = True) -> Iterator[str]:
    """Serve the example of a UI from a folder of its own; give its address."""
    port = free_port()
    command, *args = ui.at(port)
    python_path = [str(ROOT), *([str(PATCHED)] if scripted else [])]
    environ = {
        # NiceGUI behaves differently when it believes that it is under test itself.
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "CHATADAPTERS_UI_LOG": str(folder / "log"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HOME": str(folder),  # several keep settings and ask questions there
        "PYTHONPATH": os.pathsep.join(reversed(python_path)),
        "PYTHONUNBUFFERED": "1",
        **{name: value.format(port=port) for name, value in ui.env.items()},
    }
    url = f"http://127.0.0.1:{port}{ui.path}"
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            [environment(ui.name) / "bin" / command, *args],
            cwd=folder,
            env=environ,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_up(url, process, output)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module", params=UIS, ids=lambda ui: ui.name)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[UI, str, Path]]:
    """Give each UI, with the address of its example and the log of its backend."""
    ui: UI = request.param
    folder = tmp_path_factory.mktemp(ui.name)
    with running(ui, folder) as url:
        yield ui, url, folder / "log"


@pytest.fixture
def chat(served: tuple[UI, str, Path], page: Page) -> Chat:
    """Give a new chat in the browser."""
    return Chat(served[0], page, served[1])


@pytest.fixture
def log(served: tuple[UI, str, Path]) -> Path:
    """Give the file in which the backend notes what it was asked and when it was closed."""
    return served[2]
