"""The llama.cpp server that runs a model in this process, reached on loopback with a key."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any

from .._checks import is_sendable, is_whole
from .._errors import OptionError, TemplateError
from .._post import Post
from .._registry import missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .._abort import Hangup

#: Beyond these llama.cpp asserts, or has no numbers.
_MOST_PARALLEL, _MOST_THREADS, _MOST_CONTEXT = 256, 512, 2**31 - 1
_PROMPT_CACHE_MIB = 512
_PING_SECONDS = 1  # a server that stops waits for its streams, and they wake at each ping


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """What a server runs.

    Attributes:
        model: As `find_weights` takes it.
        n_ctx: Tokens of context that each conversation has; 0 is all that the model has.
        n_threads: Threads that compute; None is half the cores.
        n_parallel: Conversations that run at once; further ones wait.
        greedy: Whether the same request always gets the same answer: no sampling unless the
            request asks for it, nothing reused from earlier requests.

    Raises:
        OptionError: A number with which llama.cpp hangs or ends the process.
    """

    model: str
    n_ctx: int = 4096
    n_threads: int | None = None
    n_parallel: int = 2
    greedy: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.model, (str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptionError(f"model={self.model!r:.80}: give a name or a path")
        if not is_sendable(str(self.model)):
            raise OptionError(f"model={self.model!r:.80}: llama.cpp opens paths in UTF-8 only")
        if not _is_between(1, self.n_parallel, _MOST_PARALLEL):
            raise OptionError(f"n_parallel={self.n_parallel!r}: give 1 to {_MOST_PARALLEL}")
        if self.n_threads is not None and not _is_between(1, self.n_threads, _MOST_THREADS):
            raise OptionError(f"n_threads={self.n_threads!r}: give 1 to {_MOST_THREADS}, or None")
        most = _MOST_CONTEXT // self.n_parallel
        if self.n_ctx != 0 and not _is_between(2, self.n_ctx, most):
            raise OptionError(f"n_ctx={self.n_ctx!r}: give 2 to {most} tokens, or 0")


class LlamaServer:
    """A running server, silent on the terminal, closed to web pages and to whoever has no key.

    Args:
        config: What it runs.
        key: The API key that every request needs; a random one by default, `""` for none.

    Attributes:
        url: Its address, without a path.
        model: The model's name in requests and answers.
        headers: What every request needs.

    Raises:
        OptionError: The model cannot be loaded, or was trained for less context.
        MissingDependencyError: xllamacpp is missing, or the model's weights are.
    """

    def __init__(self, config: LlamaConfig, key: str | None = None) -> None:
        from secrets import token_urlsafe

        from .._weights import EMBEDDED, find_weights

        path, xllamacpp = find_weights(config.model), _xllamacpp()
        _check_context(config, path)
        key = token_urlsafe(32) if key is None else key
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.model = EMBEDDED if config.model == EMBEDDED else path.stem
        params = _params(xllamacpp, config)
        params.model.path, params.model_alias = str(path), {self.model}
        params.api_keys = [key] if key else []
        try:
            self._native: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise OptionError(_not_run(config, path, error)) from error
        self.url: str = self._native.listening_address
        self.reads: weakref.WeakSet[Hangup] = weakref.WeakSet()
        self.is_busy()  # answered by its loop; to stop it before that runs would wait for ever
        _state.running.add(self)

    def post(self, path: str, body: Mapping[str, Any]) -> Post:
        """Make a request to this server."""
        return Post(self.url + path, body, self.headers)

    def is_busy(self) -> bool:
        """Say whether it computes a reply."""
        from http.client import HTTPConnection
        from json import load

        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            connection.request("GET", "/slots", headers=self.headers)
            return any(slot["is_processing"] for slot in load(connection.getresponse()))
        finally:
            connection.close()

    def close(self) -> None:
        """End the streams that are still read, then stop; llama.cpp waits for its streams."""
        for hangup in list(self.reads):
            hangup.abort()
        if _state.forked:
            self.keep_running()
        self._native = None
        _state.running.discard(self)

    def keep_running(self) -> None:
        """Never destroy the native server, not even when the interpreter ends."""
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._native))


def _is_between(least: int, value: Any, most: int) -> bool:
    return is_whole(least, value) and value <= most


def _check_context(config: LlamaConfig, path: Path) -> None:
    """Refuse what llama.cpp would take memory for and never use."""
    from contextlib import suppress

    from ..templates._gguf import read_context_length

    trained = None
    with suppress(TemplateError):  # llama.cpp says better what is wrong with a file
        trained = read_context_length(path)
    if trained and config.n_ctx > trained:
        raise OptionError(
            f"n_ctx={config.n_ctx!r}: model={config.model!r} was trained for {trained} tokens of "
            f"context and is given no more: give 2 to {trained}, or 0 for all"
        )


def _not_run(config: LlamaConfig, path: Path, error: RuntimeError) -> str:
    tried = f"{path} ({path.stat().st_size:,} bytes) with n_ctx={config.n_ctx!r}"
    return (
        f"model={config.model!r}: llama.cpp cannot run {tried}: {error} "
        "Is the file whole, and is there memory for it?"
    )


def _xllamacpp() -> Any:
    from importlib import import_module

    try:
        return import_module("xllamacpp")
    except ImportError:
        raise missing("xllamacpp", "local") from None


def default_threads() -> int:
    """Give half the cores that this process may use: with all of them busy llama.cpp crawls."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, cores // 2)


def _params(xllamacpp: Any, config: LlamaConfig) -> Any:
    params = xllamacpp.CommonParams()
    # Conversations in a context of their own cannot run out of another's, nor change its numbers.
    params.n_parallel, params.kv_unified = index(config.n_parallel), False
    params.n_ctx = index(config.n_ctx) * index(config.n_parallel)
    threads = default_threads() if config.n_threads is None else index(config.n_threads)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cors_origins, params.cors_credentials, params.ui = "", False, False
    params.verbosity = 0
    params.sse_ping_interval = _PING_SECONDS
    params.cache_ram_mib = 0 if config.greedy else _PROMPT_CACHE_MIB
    if config.greedy:
        params.cache_prompt, params.sampling.temp = False, 0.0
    return params


class _State:
    """What is known about this process: its servers, and whether it was forked from one's."""

    def __init__(self) -> None:
        self.running: weakref.WeakSet[LlamaServer] = weakref.WeakSet()
        self.forked = False


_state = _State()


def _leave_the_parents_alone() -> None:
    """Prepare a forked process to end, where the C++ library cannot be taken down any more.

    The threads of the parent's servers are not here, but the library still counts on them: to
    destroy a server crashes or waits for ever, and so does the library's own clean-up. So no
    server is destroyed, and where C allows, the process exits before that clean-up.
    """
    if not _state.running:
        return
    _state.forked = True
    for server in list(_state.running):
        server.keep_running()
    import ctypes

    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):  # in glibc
        libc.on_exit(libc._exit, None)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_leave_the_parents_alone)
