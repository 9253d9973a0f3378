"""What our own tests use and yours can: a scripted backend, a contract, servers, fixtures.

ScriptedBackend   plays replies that you write down, failures included
BackendContract   the tests every backend must pass; subclass it
model_server      a real OpenAI-compatible server on the embedded model
tgi_server        a server of TGI's wire, on the embedded model or with scripted tokens
pytest_plugin     fixtures, such as that server for the whole test session
faults            a server that breaks streams in every way they break
"""

from typing import TYPE_CHECKING

from ._scripted import Pause, ScriptedBackend

if TYPE_CHECKING:
    from ._contract import BackendContract
    from ._model_server import ModelServer, model_server
    from ._tgi_server import TgiServer, tgi_server

__all__ = [
    "BackendContract",
    "ModelServer",
    "Pause",
    "ScriptedBackend",
    "TgiServer",
    "model_server",
    "tgi_server",
]

# Only the contract needs pytest, and only the servers need what serves.
_HOMES = ("_tgi_server", "_model_server", "_contract")


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home in _HOMES if name in __all__ else ():
        module = import_module(f".{home}", __name__)
        if hasattr(module, name):
            found: object = getattr(module, name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
