"""Any predict as an OpenAI-compatible web app, for everything that speaks OpenAI's API."""

from ._app import asgi
from ._serve import serve

__all__ = ["asgi", "serve"]
