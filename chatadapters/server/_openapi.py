"""The OpenAPI description of the app."""

from __future__ import annotations

from typing import Any

_NUMBER = {"type": ["number", "null"]}
_OPTIONS: dict[str, Any] = {
    "model": {"type": "string"},
    "stream": {"type": ["boolean", "null"]},
    "stream_options": {
        "type": ["object", "null"],
        "properties": {"include_usage": {"type": "boolean"}},
    },
    "stop": {
        "anyOf": [
            {"type": "null"},
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}},
        ]
    },
    "temperature": _NUMBER,
    "max_tokens": {"type": ["integer", "null"]},
}
_MESSAGE = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"enum": ["system", "user", "assistant"]},
        "content": {"type": "string"},
    },
}


def description(models: list[str], *, keys: bool) -> dict[str, Any]:
    """Describe the app.

    Args:
        models: The names of the models it serves.
        keys: Whether it asks for an API key.
    """
    options = {**_OPTIONS, "model": {"enum": models}}
    messages = {"type": "array", "items": _MESSAGE, "minItems": 1}
    prompt = {"type": "string", "minLength": 1}
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "chatadapters", "version": "1"},
        "paths": {
            "/health": {"get": _operation("The server is up.", errors=())},
            "/v1/models": {"get": _operation("The models.", errors=("401",))},
            "/v1/models/{model}": {
                "get": {
                    **_operation("A model.", errors=("401", "404")),
                    "parameters": [
                        {"name": "model", "in": "path", "required": True,
                         "schema": {"type": "string"}}
                    ],
                }
            },
            "/v1/chat/completions": {"post": _post("messages", messages, options)},
            "/v1/completions": {"post": _post("prompt", prompt, options)},
        },
    }  # fmt: skip
    if keys:
        made["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
        made["security"] = [{"key": []}]
    return made


def _post(name: str, schema: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["model", name],
        "properties": {**options, name: schema},
    }
    statuses = ("400", "401", "404", "413", "429", "502", "503", "504")
    made = _operation("The reply, whole or as a stream of events.", errors=statuses)
    made["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    made["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return made


def _operation(summary: str, errors: tuple[str, ...]) -> dict[str, Any]:
    good = {"application/json": {"schema": {"type": "object"}}}
    bad = {"application/json": {"schema": {"type": "object", "required": ["error"]}}}
    responses: dict[str, Any] = {"200": {"description": summary, "content": good}}
    responses.update({code: {"description": "An error.", "content": bad} for code in errors})
    return {"summary": summary, "responses": responses}
