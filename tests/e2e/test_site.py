"""The docs site: built with warnings as errors, then read on a phone and by a screen reader."""

from __future__ import annotations

import os
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ROOT = Path(__file__).parent.parent.parent
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
#: A page of each kind: pictures, steps, commands, tables, prose, reference, and none.
KINDS = ("index", "tutorial", "cli", "uis", "howto/testing", "reference/ui", "404")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site in an environment of its own; `strict` makes every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder / "env"), "NO_MKDOCS_2_WARNING": "1"}
    words = ["uv", "run", "--quiet", "--only-group", "docs", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*words, "--site-dir", str(folder / "site")],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: Any) -> None:
        del args


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    """Serve the site: the page for what is not there has links that begin at its root."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_page_can_be_read_on_a_phone(site: Path, url: str, browser: Browser) -> None:
    """Nothing is wider than the screen, headings are in order, pictures are told in words."""
    page: Any = browser.new_page(viewport=PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for path in pages:
        page.goto(f"{url}/{path.relative_to(site).as_posix()}")
        width = page.evaluate("document.documentElement.scrollWidth")
        levels = page.evaluate(
            "[...document.querySelectorAll('article :is(h1,h2,h3,h4,h5,h6)')]"
            ".map(heading => +heading.tagName[1])"
        )
        silent = page.evaluate("[...document.querySelectorAll('article img:not([alt])')].length")
        assert width <= PHONE["width"], path.name
        assert levels.count(1) == 1, path.name
        assert all(next_ <= level + 1 for level, next_ in pairwise(levels)), path.name
        assert silent == 0, path.name
    artifacts = ROOT / "artifacts"
    artifacts.mkdir(exist_ok=True)
    page.goto(f"{url}/index.html")
    page.screenshot(path=artifacts / "site-phone.png")
    page.close()
    assert [each for each in asked if not each.startswith((url, "data:", "blob:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_screen_reader_can_tell_every_kind_of_page(
    url: str, browser: Browser, size: Any, scheme: Any
) -> None:
    """axe-core finds nothing serious or critical: names, labels, order, contrast, the keyboard."""
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    axe = Axe()
    found: dict[str, str] = {}
    for kind in KINDS:
        page.goto(f"{url}/{kind}.html")
        shown = page.evaluate("document.body.dataset.mdColorScheme")
        assert shown == {"light": "default", "dark": "slate"}[scheme]
        results = axe.run(page)
        for violation in results.response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                found[f"{kind}: {violation['id']}"] = results.generate_report(violation["id"])
    context.close()
    assert not found, "\n".join(found.values())


def test_the_reference_has_every_public_name(site: Path) -> None:
    """What can be imported can be looked up."""
    import chatadapters

    text = (site / "reference" / "index.html").read_text("utf-8")
    assert [name for name in chatadapters.__all__ if f'id="chatadapters.{name}"' not in text] == []
