"""The OpenAPI description of the app: what it takes and, exactly, what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fields import CHAT, NEEDED, RAW, Field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

_JSON, _EVENTS = "application/json", "text/event-stream"
_STRING, _INTEGER, _OBJECT = {"type": "string"}, {"type": "integer"}, {"type": "object"}
_TEXT = {"type": "string", "minLength": 1}
_OR_NULL = {"type": ["string", "null"]}
_DETAILS = {"type": "object", "additionalProperties": _INTEGER}


def description(models: Sequence[str], takes: AbstractSet[str], *, keys: bool) -> dict[str, Any]:
    """Describe the app.

    Args:
        models: The names of the models it serves.
        takes: The request options that any of them takes.
        keys: Whether it asks for an API key.
    """
    chat = {name: field for name, field in CHAT.items() if name in takes or name not in NEEDED}
    messages = {"type": "array", "items": {"$ref": "#/components/schemas/Message"}, "minItems": 1}
    prompt = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 1}]}
    denied = ("401",) if keys else ("403",)
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "chatadapters", "version": "1"},
        "paths": {
            "/health": {"get": {**_operation("Whether it is up", "Health"), "security": []}},
            "/v1/models": {"get": _operation("The models", "Models", denied)},
            "/v1/models/{model}": {
                "get": {
                    **_operation("A model", "Model", (*denied, "404")),
                    "parameters": [_named("model", models)],
                }
            },
            "/v1/chat/completions": {
                "post": _reply("Chat", {"messages": messages}, chat, models, denied)
            },
            "/v1/completions": {"post": _reply("Raw", {"prompt": prompt}, RAW, models, denied)},
        },
        "components": {"schemas": _SCHEMAS},
    }
    if keys:
        made["components"] |= {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
        made["security"] = [{"key": []}]
    return made


def _named(name: str, models: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True,
            "schema": _STRING, "examples": {each: {"value": each} for each in models}}  # fmt: skip


def _reply(
    gives: str,
    said: dict[str, Any],
    fields: dict[str, Field],
    models: Sequence[str],
    denied: tuple[str, ...],
) -> dict[str, Any]:
    options = {name: field.schema for name, field in fields.items()}
    body = {
        "type": "object",
        "required": ["model", *said],
        "properties": {"model": {"enum": [*models]}, **said, **options},
    }
    statuses = ("400", *denied, "404", "408", "413", "429", "502", "503", "504")
    made = _operation("The reply, whole or as a stream of events", gives, statuses)
    made["responses"]["200"]["content"][_EVENTS] = {
        "schema": _object(("event",), data=_STRING, event=_STRING)
    }
    made["requestBody"] = {"required": True, "content": {_JSON: {"schema": body}}}
    return made


def _operation(summary: str, gives: str, errors: tuple[str, ...] = ()) -> dict[str, Any]:
    responses = {"200": _response(summary, gives)}
    responses.update({code: _response("An error", "Error") for code in errors})
    return {"summary": summary, "responses": responses}


def _response(description: str, gives: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{gives}"}
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _object(optional: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Describe an object that has these properties and no other."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
    }


def _completion(kind: str, **choice: Any) -> dict[str, Any]:
    reason = {"enum": ["stop", "length", "content_filter", "tool_calls"]}
    one = _object(
        ("stop_reason",),
        index={"const": 0},
        finish_reason=reason,
        stop_reason=_STRING,
        logprobs={"type": "null"},
        **choice,
    )
    return _object(
        ("usage",),
        id=_STRING,
        created=_INTEGER,
        model=_STRING,
        object={"const": kind},
        choices={"type": "array", "items": one, "minItems": 1, "maxItems": 1},
        usage=_USAGE,
    )


_USAGE = _object(
    ("prompt_tokens_details", "completion_tokens_details"),
    prompt_tokens=_INTEGER,
    completion_tokens=_INTEGER,
    total_tokens=_INTEGER,
    prompt_tokens_details=_DETAILS,
    completion_tokens_details=_DETAILS,
)
_MODEL = _object(
    id=_STRING, object={"const": "model"}, created=_INTEGER, owned_by=_STRING
)  # fmt: skip
_ANSWER = _object(
    ("reasoning_content", "tool_calls"),
    role={"const": "assistant"},
    content=_OR_NULL,
    reasoning_content=_STRING,
    tool_calls={"type": "array", "items": _OBJECT},
)
_SCHEMAS: dict[str, Any] = {
    "Chat": _completion("chat.completion", message=_ANSWER),
    "Error": _object(error=_object(message=_STRING, type=_STRING, param=_OR_NULL, code=_OR_NULL)),
    "Health": _object(status={"const": "ok"}),
    "Message": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {
            "role": {"enum": ["system", "user", "assistant"]},
            "content": {"anyOf": [_TEXT, {"type": "array", "items": _OBJECT}]},
        },
    },
    "Model": _MODEL,
    "Models": _object(object={"const": "list"}, data={"type": "array", "items": _MODEL}),
    "Raw": _completion("text_completion", text=_STRING),
}
