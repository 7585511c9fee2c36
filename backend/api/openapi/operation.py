"""What an endpoint declares about itself for the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from sync_protocol.errors import ErrorCode

Json = Mapping[str, Any]
"""An object of an OpenAPI 3.1 document, for reading."""

TEXT: Json = {"type": "string"}
NATURAL: Json = {"type": "integer", "minimum": 0}
POSITIVE: Json = {"type": "integer", "minimum": 1}
COMPONENTS = "#/components/schemas/"
"""Where the document keeps the schemas that a `$ref` names."""


@dataclass(frozen=True)
class Parameter:
    """A query parameter or header of a request, or a header of a reply. *schema* is its JSON Schema."""

    name: str
    place: str
    description: str
    schema: Json
    required: bool = False


def header(name: str, description: str, schema: Json = TEXT, *, required: bool = False) -> Parameter:
    """Return a header of a request or a reply."""
    return Parameter(name, "header", description, schema, required)


def query(name: str, description: str, schema: Json = TEXT) -> Parameter:
    """Return an optional query parameter."""
    return Parameter(name, "query", description, schema)


@dataclass(frozen=True)
class Reply:
    """A reply that is not a problem.

    Attributes:
        schema: The schema of its JSON body: a marshmallow class, which becomes a component of the document, or
            JSON Schema as it stands. None: no JSON body.
        media_type: The type of a body that is not JSON.
    """

    description: str
    schema: type[Schema] | Json | None = None
    headers: tuple[Parameter, ...] = ()
    media_type: str | None = None


@dataclass(frozen=True)
class Operation:
    """The request and the replies of an endpoint.

    Attributes:
        replies: By HTTP status.
        problems: Error codes beside those that every endpoint has: of its authentication, of a JSON body, and
            `internal` and `unavailable`.
        request: The schema of the JSON body. None: no JSON body.
        media_type: The type of a request body that is not JSON; *body_required* says whether it must be there.
    """

    summary: str
    replies: Mapping[int, Reply]
    problems: tuple[ErrorCode, ...] = ()
    request: type[Schema] | None = None
    media_type: str | None = None
    body_required: bool = True
    parameters: tuple[Parameter, ...] = ()


POLL_AFTER = header("Satchel-Poll-After", "Seconds after which an idle device should pull again.", NATURAL)
PAGE_ETAG = header("ETag", "Identifies the page. Send it as If-None-Match together with the page's cursor.")
