"""Templates of a model repository, from a hub on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from chatadapters import TemplateError
from chatadapters.templates import DialogueTemplate

from .test_sources import CONFIG

PROGRAM = """
import sys
from chatadapters.templates import DialogueTemplate
try:
    template = DialogueTemplate.from_pretrained(sys.argv[1])
    print(repr(template.get_inference_prompt("Hi")))
except Exception as error:
    print(type(error).__name__, error)
"""


class _Hub(BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {
        "/owner/model/resolve/main/tokenizer_config.json": json.dumps(CONFIG).encode()
    }

    def do_GET(self) -> None:
        data = self.files.get(self.path.partition("?")[0])
        self.send_response(404 if data is None else 200)
        if data is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data or b"")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a hub with one model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _run(repo: str, home: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, repo],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", **env},
    )
    return done.stdout.strip().splitlines()[-1]


def test_a_repository_is_read_and_kept(endpoint: str, tmp_path: Path) -> None:
    """The files that say how prompts are written are downloaded, and serve offline again."""
    expected = repr("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    assert _run("owner/model", tmp_path, HF_ENDPOINT=endpoint) == expected
    assert _run("owner/model", tmp_path, HF_HUB_OFFLINE="1") == expected


def test_a_repository_without_template_is_refused(endpoint: str, tmp_path: Path) -> None:
    """A repository that has none of the files says which were looked for."""
    said = _run("owner/other", tmp_path, HF_ENDPOINT=endpoint)
    assert said.startswith("TemplateError 'owner/other' has no template: none of")


def test_an_unreachable_hub_is_not_a_missing_template(tmp_path: Path) -> None:
    """Offline and nothing downloaded before: the hub's own error says so."""
    assert _run("owner/model", tmp_path, HF_HUB_OFFLINE="1").startswith("LocalEntryNotFoundError")


@pytest.mark.parametrize("folder", ["/no/such/folder", "./model", "~/model", "a/b/c", "C:\\model"])
def test_a_folder_that_is_not_there_is_no_repository(folder: str) -> None:
    """The hub is not asked for it."""
    with pytest.raises(TemplateError, match="there is no folder"):
        DialogueTemplate.from_pretrained(folder)
