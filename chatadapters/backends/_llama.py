"""The llama.cpp server that runs a model in this process, reached on loopback with a key."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from .._errors import OptionError
from .._http import Post
from .._registry import missing
from .._weights import find_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._abort import Hangup

_PROMPT_CACHE_MIB = 512
_PING_SECONDS = 1  # a server that stops waits for its streams, and they wake at each ping


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """What a server runs.

    Attributes:
        model: As `find_weights` takes it.
        n_ctx: Tokens of context, shared by all conversations that run at once.
        n_threads: Threads that compute; None is half the cores.
        n_parallel: Conversations that run at once; further ones wait.
        greedy: Whether the same request always gets the same answer: no sampling unless the
            request asks for it, nothing reused from earlier requests.
    """

    model: str
    n_ctx: int = 4096
    n_threads: int | None = None
    n_parallel: int = 2
    greedy: bool = False


class LlamaServer:
    """A running server, silent on the terminal, closed to web pages and to whoever has no key.

    Args:
        config: What it runs.

    Attributes:
        url: Its address, without a path.
        key: The API key that every request needs.

    Raises:
        OptionError: The model cannot be loaded.
        MissingDependencyError: xllamacpp is missing, or the model's weights are.
    """

    def __init__(self, config: LlamaConfig) -> None:
        path = find_weights(config.model)
        xllamacpp = _xllamacpp()
        self.key = token_urlsafe(32)
        params = xllamacpp.CommonParams()
        params.model.path, params.model_alias = str(path), {path.stem}
        _configure(params, config, self.key)
        try:
            self._native: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise OptionError(
                f"model={config.model!r}: llama.cpp cannot run {path} "
                f"with n_ctx={config.n_ctx!r}: {error}"
            ) from error
        self.url: str = self._native.listening_address
        self.reads: weakref.WeakSet[Hangup] = weakref.WeakSet()
        _running.add(self)

    def post(self, path: str, body: Mapping[str, Any]) -> Post:
        """Make a request to this server."""
        return Post(self.url + path, body, {"Authorization": f"Bearer {self.key}"})

    def close(self) -> None:
        """End the streams that are still read, then stop; llama.cpp waits for its streams."""
        for hangup in list(self.reads):
            hangup.abort()
        self._native = None

    def keep_for_ever(self) -> None:
        """Never let the native server go: its threads are the parent process's."""
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._native))


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


def _configure(params: Any, config: LlamaConfig, key: str) -> None:
    params.n_ctx, params.n_parallel, params.kv_unified = config.n_ctx, config.n_parallel, True
    threads = config.n_threads or default_threads()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.api_keys = [key]
    params.cors_origins, params.cors_credentials, params.ui = "", False, False
    params.verbosity = 0
    params.sse_ping_interval = _PING_SECONDS
    params.cache_ram_mib = 0 if config.greedy else _PROMPT_CACHE_MIB
    if config.greedy:
        params.cache_prompt, params.sampling.temp = False, 0.0


_running: weakref.WeakSet[LlamaServer] = weakref.WeakSet()


def _leave_the_parents_alone() -> None:
    """Let a forked process end, where neither Python nor C++ can take down the servers.

    Their threads are not here: destroying a server crashes, and the C++ library's own clean-up
    waits for ever. So the servers are kept, and where C allows, the process exits before it.
    """
    servers = list(_running)
    if not servers:
        return
    for server in servers:
        server.keep_for_ever()
    import ctypes

    libc = ctypes.CDLL(None)
    if hasattr(libc, "on_exit"):  # in glibc
        libc.on_exit(libc._exit, None)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_leave_the_parents_alone)
