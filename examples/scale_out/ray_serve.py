"""OpenAI's API on Ray Serve: `serve run ray_serve:app`, then any client of that API.

Each replica makes its own predicts. The embedded model; no key; needs `ray[serve]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ray import serve

from chatadapters import local_predict
from chatadapters.server import asgi

if TYPE_CHECKING:
    from starlette.applications import Starlette


def models() -> Starlette:
    """Make the app, in each replica."""
    return asgi({"smollm2": local_predict(temperature=0)})


app = serve.deployment(num_replicas=1)(serve.ingress(models)()).bind()
