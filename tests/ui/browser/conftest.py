"""The examples of all UIs, each in its own environment, in a browser."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps import _wait_until_up, free_port
from tests.e2e.conftest import VIEWPORT, browser, page
from tests.ui.browser.obedient import KEY, Obedient
from tests.ui.browser.pages import EXAMPLES, UIS, Chat
from tests.ui.browser.run import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

    from tests.ui.browser.pages import UI

__all__ = ["browser", "page"]
#: All that a page can keep but the files that it loaded.
_REMEMBERED = "cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage"
PATCHED = Path(__file__).parent / "patched"


def environ(folder: Path, provider: Obedient | None) -> dict[str, str]:
    """Give the variables of an example's process.

    Args:
        folder: Where it may write.
        provider: Answers in place of the embedded model.
    """
    python_path = [*([PATCHED] if provider else []), EXAMPLES, ROOT]
    return {
        # NiceGUI behaves differently when it believes that it is under test itself.
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "CHATADAPTERS_UI_BASE_URL": provider.url if provider else "",
        "CHATADAPTERS_UI_TOKEN": KEY,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HOME": str(folder),  # several keep settings and ask questions there
        "PYTHONPATH": os.pathsep.join(map(str, python_path)),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def running(ui: UI, folder: Path, provider: Obedient | None = None) -> Iterator[str]:
    """Serve the example of a UI from a folder of its own; give its address."""
    port = free_port()
    command, *args = ui.at(port)
    if ui.prepare:
        ui.prepare(folder)
    own = {name: value.format(port=port, folder=folder) for name, value in ui.env.items()}
    url = f"http://127.0.0.1:{port}{ui.path}"
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            [environment(ui.name) / "bin" / command, *args],
            cwd=folder,
            env={**environ(folder, provider), **own},
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_up(url, process, output)
            if ui.install:
                ui.install(url)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def provider() -> Iterator[Obedient]:
    """Give the server that the examples ask."""
    with Obedient() as server:
        yield server


@pytest.fixture(scope="module", params=UIS, ids=lambda ui: ui.name)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, provider: Obedient
) -> Iterator[tuple[UI, str]]:
    """Give each UI, with the address of its example."""
    ui: UI = request.param
    with running(ui, tmp_path_factory.mktemp(ui.name), provider) as url:
        yield ui, url


@pytest.fixture(scope="module")
def context(served: tuple[UI, str], browser: Browser) -> Iterator[BrowserContext]:
    """Give what keeps the programs of a UI's pages: each page would load and compile them anew."""
    context = browser.new_context(viewport=VIEWPORT)
    yield context
    context.close()


@pytest.fixture
def chat(served: tuple[UI, str], context: BrowserContext) -> Iterator[Chat]:
    """Give a new chat in a browser that remembers nothing but programs."""
    ui, url = served
    page = context.new_page()
    site = {"origin": url.removesuffix(ui.path), "storageTypes": _REMEMBERED}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", site)
    try:
        yield Chat(ui, page, url)
    finally:
        for opened in context.pages:
            opened.close()
