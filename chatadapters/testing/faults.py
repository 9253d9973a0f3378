r"""A server on loopback that injects one fault for each request, for testing chat clients.

Every scenario says what the server does and what a client should make of it; `SCENARIOS` has
them all. A scenario is played to whatever client is pointed at its URL:

    >>> import json, urllib.request
    >>> with FaultServer() as server:
    ...     url = server.url("crlf")
    ...     body = json.dumps({"stream": True, "messages": []}).encode()
    ...     answer = urllib.request.urlopen(url + "/chat/completions", body).read()
    ...     [request] = server.requests(url)
    >>> request.body["stream"], answer[-16:]
    (True, b'data: [DONE]\r\n\r\n')

A scenario of your own is a function that answers a request, with `scenario` around it:

    >>> @scenario("retry")
    ... def goodbye_once(ask: Ask) -> Answer:
    ...     "A comment after two pieces, then a reset; the next request gets all of it."
    ...     return Answer([*ask.healthy()[:2], b": goodbye\n\n"], end="rst")
    >>> with FaultServer() as server:
    ...     server.url(goodbye_once)[-16:]
    '/goodbye_once/v1'

From a shell, `python -m chatadapters.testing.faults` serves every scenario until it is stopped.
"""

from ._faults.answers import Answer, End
from ._faults.catalog import SCENARIOS
from ._faults.fault_server import FaultServer, fault_server, good_body
from ._faults.scenario import TEXT, Ask, Scenario, Want, scenario
from ._faults.server import FaultRequest

__all__ = [
    "SCENARIOS",
    "TEXT",
    "Answer",
    "Ask",
    "End",
    "FaultRequest",
    "FaultServer",
    "Scenario",
    "Want",
    "fault_server",
    "good_body",
    "scenario",
]

if __name__ == "__main__":
    import sys

    from ._faults.command import main

    sys.exit(main())
