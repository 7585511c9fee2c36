"""Builds the OpenAPI 3.1 document from the routes and the marshmallow schemas of the wire."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from marshmallow import Schema

from backend.api.openapi.operation import COMPONENTS, Operation, Parameter, Reply
from backend.api.route import Auth, Route
from backend.api.work import Work
from sync_protocol import SCHEMA_REVISION, WIRE_VERSION
from sync_protocol.errors import ErrorCode as E
from sync_protocol.problem import MEDIA_TYPE, ProblemSchema
from sync_protocol.reference.json_schema import DIALECT, definitions, name_of

Json = dict[str, Any]
"""An object of an OpenAPI 3.1 document; its keys are those that the specification gives the object."""

_SECURITY: dict[Auth, list[Json]] = {
    Auth.PUBLIC: [],
    Auth.DEVICE: [{"bearer": []}],
    # The empty object is an alternative: a signed link needs no token.
    Auth.LINK: [{"bearer": []}, {}],
    Auth.OFFICE: [{"office": []}],
}
_DEVICE_PROBLEMS = (E.TOKEN_MISSING, E.TOKEN_INVALID, E.TOKEN_EXPIRED, E.DEVICE_REVOKED, E.RATE_LIMITED)
_AUTH_PROBLEMS: dict[Auth, tuple[E, ...]] = {
    Auth.PUBLIC: (),
    Auth.DEVICE: _DEVICE_PROBLEMS,
    Auth.LINK: _DEVICE_PROBLEMS,
    Auth.OFFICE: (E.TOKEN_MISSING, E.OFFICE_TOKEN_INVALID, E.RATE_LIMITED),
}
_BODY_PROBLEMS = (E.NOT_JSON, E.ENVELOPE_INVALID, E.BODY_TOO_LARGE, E.ENCODING_UNSUPPORTED, E.BODY_DAMAGED)
_COMMON_PROBLEMS = (E.INTERNAL, E.UNAVAILABLE)


def document(routes: Iterable[Route]) -> Json:
    """Return the OpenAPI document of *routes*."""
    routes = tuple(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        path = route.path.replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
        if names := re.findall(r"{(\w+)}", path):
            paths[path]["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ]
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Satchel for devices",
            "version": f"{WIRE_VERSION}.{SCHEMA_REVISION}",
            "description": "Offline sync for field sales. docs/protocol.md explains how to use it.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions(schemas(routes), COMPONENTS),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "office": {"type": "http", "scheme": "bearer", "description": "From `satchel office token`."},
            },
        },
    }


def render(routes: Iterable[Route]) -> bytes:
    """Return the document as JSON."""
    return json.dumps(document(routes), ensure_ascii=False, separators=(",", ":")).encode()


def schemas(routes: Iterable[Route]) -> list[type[Schema]]:
    """Return the marshmallow schemas of the bodies that *routes* take and give."""
    operations = [route.operation for route in routes]
    replies = [reply.schema for operation in operations for reply in operation.replies.values()]
    requests = [operation.request for operation in operations]
    return [ProblemSchema, *(schema for schema in [*requests, *replies] if isinstance(schema, type))]


def _operation(route: Route) -> Json:
    operation = route.operation
    codes = [
        *_AUTH_PROBLEMS[route.auth],
        *(_BODY_PROBLEMS if operation.request else ()),
        *operation.problems,
        *((E.RATE_LIMITED,) if route.auth is Auth.PUBLIC and route.work is Work.PULL else ()),
        # A push is always admitted.
        *((E.SERVER_BUSY,) if route.work in (Work.PULL, Work.RESYNC) else ()),
        *_COMMON_PROBLEMS,
    ]
    replies: Json = {str(status): _reply(reply) for status, reply in operation.replies.items()}
    for status in sorted({code.status for code in codes}):
        replies.setdefault(str(status), _problem([code for code in codes if code.status == status]))
    described: Json = {
        "operationId": route.name,
        "summary": operation.summary,
        "security": _SECURITY[route.auth],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": replies,
    }
    if body := _request_body(operation):
        described["requestBody"] = body
    return described


def _request_body(operation: Operation) -> Json | None:
    if operation.request:
        return {"required": True, "content": _json_content(operation.request)}
    if operation.media_type:
        return {"required": operation.body_required, "content": {operation.media_type: {}}}
    return None


def _json_content(schema: Any, media_type: str = "application/json") -> Json:
    """Return the content of a body by *schema*, a marshmallow class or JSON Schema."""
    described = {"$ref": COMPONENTS + name_of(schema)} if isinstance(schema, type) else dict(schema)
    return {media_type: {"schema": described}}


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _reply(reply: Reply) -> Json:
    described: Json = {"description": reply.description}
    if reply.headers:
        described["headers"] = {
            header.name: {"description": header.description, "schema": dict(header.schema)}
            for header in reply.headers
        }
    if reply.media_type:
        described["content"] = {reply.media_type: {}}
    if reply.schema:
        described["content"] = _json_content(reply.schema)
    return described


def _problem(codes: list[E]) -> Json:
    named = ", ".join(f"`{code.code}`" for code in codes)
    try:
        phrase = HTTPStatus(codes[0].status).phrase
    except ValueError:
        phrase = "Checksum mismatch"  # 460, a status of tus
    return {"description": f"{phrase}: {named}", "content": _json_content(ProblemSchema, MEDIA_TYPE)}
