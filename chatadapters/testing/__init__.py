"""What our own tests use and yours can: a scripted backend, a contract, servers, fixtures.

ScriptedBackend   plays replies that you write down, failures included
BackendContract   the tests every backend must pass; subclass it
tgi_server        a server of TGI's wire, on the embedded model or with scripted tokens
pytest_plugin     fixtures, such as a real server on the embedded model
faults            a server that breaks streams in every way they break
"""

from ._contract import BackendContract
from ._scripted import Pause, ScriptedBackend
from ._tgi_server import TgiServer, tgi_server

__all__ = ["BackendContract", "Pause", "ScriptedBackend", "TgiServer", "tgi_server"]
