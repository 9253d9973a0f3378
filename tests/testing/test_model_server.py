"""The model server, as clients of OpenAI's API see it."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chatadapters.testing._model_server import ModelServer


def test_model_server_answers_an_openai_client(model_server: ModelServer) -> None:
    """The fixture is a server that the real SDK can talk to, and it repeats itself."""
    from openai import OpenAI

    with OpenAI(base_url=model_server.base_url, api_key="any") as client:
        answers = {
            client.chat.completions.create(
                model=model_server.model,
                messages=[{"role": "user", "content": "Say hello."}],
                max_tokens=6,
            )
            .choices[0]
            .message.content
            for _ in range(2)
        }
        assert [model.id for model in client.models.list()] == ["smollm2"]
    assert len(answers) == 1
    assert answers.pop()
    assert not model_server.busy


def test_model_server_can_want_a_key() -> None:
    """With a key of your own, requests need it, and `stop` ends the server."""
    from chatadapters.testing._model_server import model_server

    with model_server(api_key="test-key-123") as server:
        assert not server.busy
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(server.base_url + "/completions", b"{}", timeout=10)
        caught.value.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.base_url + "/models", timeout=5)
