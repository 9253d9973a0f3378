"""Where a TGI server's tokens come from: a script, or a model behind llama.cpp's server."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

_SAMPLING = ("do_sample", "temperature", "top_k", "top_p", "typical_p")
_LLAMA_NAMES = {
    "frequency_penalty": "frequency_penalty",
    "max_new_tokens": "n_predict",
    "repetition_penalty": "repeat_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "typical_p": "typical_p",
}


class Token(NamedTuple):
    """One token of a reply; a special one is no text of it."""

    text: str
    special: bool = False


class Generation(NamedTuple):
    """What a source makes of a request: the length of its prompt, and its tokens."""

    input_length: int
    tokens: Generator[Token, None, None]


class ScriptedTokens:
    """Gives the same tokens for every request.

    Args:
        texts: The texts of the tokens; a special end token follows them.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __call__(self, inputs: str, parameters: Mapping[str, Any]) -> Generation:  # noqa: ARG002
        """Answer one request."""
        return Generation(len(inputs.split()), self._tokens())

    def _tokens(self) -> Generator[Token, None, None]:
        yield from map(Token, self._texts)
        yield Token("</s>", special=True)


class ModelTokens:
    """Generates the tokens of each request with llama.cpp's own `/completion`.

    Args:
        url: The address of llama.cpp's server, without a path.
        headers: What its requests must carry.
        end: The model's end token.
    """

    def __init__(self, url: str, headers: Mapping[str, str], end: str = "<|im_end|>") -> None:
        self._address = urlsplit(url).netloc
        self._headers = {**headers, "Content-Type": "application/json"}
        self._end = end

    def __call__(self, inputs: str, parameters: Mapping[str, Any]) -> Generation:
        """Answer one request."""
        prompt = self._tokenized(inputs)[-parameters.get("truncate", 0) :]
        body = {"prompt": prompt, "stream": True, **_llama_options(parameters)}
        return Generation(len(prompt), self._tokens(body))

    def _tokenized(self, inputs: str) -> list[int]:
        body = {"content": inputs, "add_special": True, "parse_special": True}
        with closing(HTTPConnection(self._address, timeout=60)) as connection:
            tokens: list[int] = json.load(self._posted(connection, "/tokenize", body))["tokens"]
            return tokens

    def _tokens(self, body: Mapping[str, Any]) -> Generator[Token, None, None]:
        with closing(HTTPConnection(self._address, timeout=60)) as connection:
            for event in _events(self._posted(connection, "/completion", body)):
                if event["content"]:
                    yield Token(event["content"])
                if event["stop"] and event["stop_type"] == "eos":
                    yield Token(self._end, special=True)

    def _posted(self, connection: HTTPConnection, path: str, body: Mapping[str, Any]) -> Any:
        connection.request("POST", path, json.dumps(body), self._headers)
        return connection.getresponse()


def _llama_options(parameters: Mapping[str, Any]) -> dict[str, Any]:
    options = {_LLAMA_NAMES[name]: parameters[name] for name in _LLAMA_NAMES if name in parameters}
    if not any(parameters.get(name) for name in _SAMPLING):
        options["temperature"] = 0
    else:
        options.setdefault("temperature", 1)
    return {"cache_prompt": False, **options}


def _events(lines: Iterator[bytes]) -> Generator[Any, None, None]:
    for line in lines:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
