"""Any predict as an OpenAI-compatible web app, for everything that speaks OpenAI's API."""

from ._app import asgi, serve

__all__ = ["asgi", "serve"]
