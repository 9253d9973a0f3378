"""What some UIs need before their example is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FUNCTION = Path(__file__).parents[3] / "examples" / "ui" / "open_webui_function.py"


def add_function(url: str) -> None:
    """Add the example to Open WebUI as a function, by its own API, and turn it on."""
    token = _post(f"{url}/api/v1/auths/signin", {"email": "", "password": ""})["token"]
    function = {
        "id": "smollm2",
        "name": "SmolLM2",
        "content": _FUNCTION.read_text(),
        "meta": {"description": "The embedded model"},
    }
    _post(f"{url}/api/v1/functions/create", function, token)
    _post(f"{url}/api/v1/functions/id/smollm2/toggle", {}, token)


def _post(url: str, body: dict[str, Any], token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=60) as answer:
        return json.load(answer)


def close_news(page: Page) -> None:
    """Close what is new, which is told once."""
    page.add_locator_handler(page.get_by_role("button", name="Okay"), lambda ok: ok.click())


def write_notebook(folder: Path) -> None:
    """Write a notebook with the chat in its only cell."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "chat",
        "metadata": {},
        "outputs": [],
        "source": "from jupyter_app import chat\n\nchat()",
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "chat.ipynb").write_text(json.dumps(notebook))
    config = folder / ".jupyter" / "labconfig"
    config.mkdir(parents=True)
    no_news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (config / "page_config.json").write_text(json.dumps(no_news))


def open_notebook(page: Page) -> None:
    """Run the cell."""
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-Cell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
