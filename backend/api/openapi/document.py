"""Builds the OpenAPI 3.1 document from the doors, what they take and give, and the wire's definitions."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from backend.api.openapi.operations import ALWAYS, LOCK, OFFICE_LOCK, OPERATIONS, Operation, Parameter, Reply
from backend.api.route import Route
from sync_protocol import SCHEMA_REVISION, WIRE_VERSION
from sync_protocol.errors import ErrorCode
from sync_protocol.problem import MEDIA_TYPE
from sync_protocol.reference.json_schema import DIALECT, definitions

PREFIX = "#/components/schemas/"
Json = dict[str, Any]

_SENTENCES = {"type": "array", "items": {"type": "string"}}
_OWN: dict[str, Json] = {
    "Any": {"type": "object"},
    "Alive": {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]},
    "Ready": {
        "type": "object",
        "properties": {
            "status": {"enum": ["ready", "not ready"]},
            "problems": _SENTENCES,
            "warnings": _SENTENCES,
        },
        "required": ["status", "problems", "warnings"],
    },
}


def document(routes: Iterable[Route]) -> Json:
    """Return the OpenAPI document of *doors*; raises KeyError for one that `OPERATIONS` does not describe."""
    paths: dict[str, Json] = {}
    for door in routes:
        path = door.path.replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[door.method.lower()] = _operation(door, OPERATIONS[door.name])
        if named := re.findall(r"{(\w+)}", path):
            paths[path]["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
            ]
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Satchel for devices",
            "version": f"{WIRE_VERSION}.{SCHEMA_REVISION}",
            "description": "Offline sync for field sales. docs/protocol.md tells it in words.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**definitions(PREFIX), **_OWN}.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "office": {"type": "http", "scheme": "bearer", "description": "Of `satchel office add`."},
            },
        },
    }


def render(routes: Iterable[Route]) -> bytes:
    """Return the document as JSON."""
    return json.dumps(document(routes), ensure_ascii=False, separators=(",", ":")).encode()


def _operation(door: Route, operation: Operation) -> Json:
    lock = OFFICE_LOCK if door.office else LOCK
    codes = [*(lock if door.locked else ()), *operation.problems, *ALWAYS]
    replies: Json = {str(status): _reply(reply) for status, reply in operation.replies.items()}
    for status in sorted({code.status for code in codes}):
        replies.setdefault(str(status), _problem([code for code in codes if code.status == status]))
    described: Json = {
        "operationId": door.name,
        "summary": operation.summary,
        # An empty one: a signed link needs no token.
        "security": _security(door),
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": replies,
    }
    if operation.request:
        content = {"application/json": {"schema": {"$ref": PREFIX + operation.request}}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.binary:
        content = {operation.binary: {}}
        described["requestBody"] = {"required": operation.binary_required, "content": content}
    return described


def _security(door: Route) -> list[Json]:
    if door.office:
        return [{"office": []}]
    return [{"bearer": []}, *([{}] if door.linked else [])] if door.locked else []


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.says,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _reply(reply: Reply) -> Json:
    described: Json = {"description": reply.says}
    if reply.headers:
        described["headers"] = {
            header.name: {"description": header.says, "schema": dict(header.schema)} for header in reply.headers
        }
    if reply.binary:
        described["content"] = {reply.binary: {}}
    if reply.schema:
        described["content"] = {"application/json": {"schema": {"$ref": PREFIX + reply.schema}}}
    return described


def _problem(codes: list[ErrorCode]) -> Json:
    named = ", ".join(f"`{code.code}`" for code in codes)
    try:
        phrase = HTTPStatus(codes[0].status).phrase
    except ValueError:
        phrase = "Checksum mismatch"  # 460, a status of tus
    schema = {"$ref": PREFIX + "Problem"}
    return {"description": f"{phrase}: {named}", "content": {MEDIA_TYPE: {"schema": schema}}}
