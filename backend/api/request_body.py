"""Reads request bodies: limits their size before parsing, inflates them piece by piece, parses strictly."""

from collections.abc import Iterator
from typing import Any

from flask import g, request
from marshmallow import Schema

from backend.api import large_bodies
from backend.api.problems import Problem
from backend.api.services import get_services
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.collection import schema_faults
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.inflate import InflateError, InflateTooLong, inflate
from sync_protocol.limits import LIMITS
from sync_protocol.strict_json import NotStrictJson, decode
from sync_protocol.validators import schema_instance

PIECE = 64 * 1024
MAX_FAULTS = 50
"""Maximum number of faults in one response; it must not be larger than a body that is wrong throughout."""


def read(schema: type[Schema], most: int | None = None) -> dict[str, Any]:
    """Return the JSON body of the request, validated and loaded by *schema*; raises `Problem`.

    Its keys are the fields of *schema*.
    *most* is its maximum size in bytes after inflating; None means that of a push.
    """
    loaded: dict[str, Any] = schema_instance(schema).load(read_checked(schema, most))
    return loaded


def read_checked(schema: type[Schema], most: int | None = None) -> dict[str, Any]:
    """Do as `read`, without loading: fields that are missing stay missing. The keys are those of *schema*."""
    value: dict[str, Any] = parse(read_inflated(most or get_services().limits.push_bytes))
    check(schema, value)
    return value


def check(schema: type[Schema], value: Any) -> None:
    """Raise an `envelope_invalid` problem that names every field of *value* that *schema* refuses."""
    faults = schema_faults(schema, value)
    if faults:
        raise invalid(*faults[:MAX_FAULTS])


def invalid(*faults: Fault) -> Problem:
    """Return the problem for a body or parameter with *faults*."""
    detail = "; ".join(f"{fault.field or 'the body'}: {fault.message.rstrip('.')}" for fault in faults)
    return Problem(ErrorCode.ENVELOPE_INVALID, f"{detail[:900]}.", errors=faults)


def require_storable(value: Any) -> None:
    """Raise a problem if *value* contains lone surrogates, which a database cannot store."""
    try:
        canonical(value)
    except NotCanonical as error:
        raise invalid(Fault(ErrorCode.NOT_CANONICAL, error.path, error.reason)) from None


def read_inflated(most: int) -> bytes:
    """Return the inflated body of the request. No more than *most* bytes of it are kept in memory.

    Raises `Problem` for another media type, charset or coding, and for a body that is damaged or too large.
    """
    if request.mimetype != "application/json":
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, "Send Content-Type: application/json.")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8"):
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, "JSON is always UTF-8; leave the charset out.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        accepted = {"Accept-Encoding": "gzip"}
        raise Problem(
            ErrorCode.ENCODING_UNSUPPORTED, "Send the body uncompressed or as gzip.", headers=accepted
        )
    if (request.content_length or 0) > most:
        raise too_large(most)
    # Received before it is inflated and decoded: a slow client occupies nothing but its own bytes.
    body = b"".join(_pieces(most))
    if coding == "gzip":
        return _inflated(body, most)
    if len(body) > LIMITS.inflate_free_bytes:
        large_bodies.admit()
    return body


def _inflated(body: bytes, most: int) -> bytes:
    """Return the plain bytes of the gzip data *body*; raises `Problem` for more than *most*."""
    free = min(most, LIMITS.inflate_free_bytes)
    try:
        return inflate([body], free)
    except InflateTooLong:
        allowed = min(most, LIMITS.inflate_ratio * len(body))
    except InflateError as error:
        raise Problem(ErrorCode.BODY_DAMAGED, f"The gzip data {error}.") from None
    if allowed <= free:
        raise too_large(most) if free == most else _too_dense()
    large_bodies.admit()
    try:
        return inflate([body], allowed)
    except InflateTooLong:
        raise too_large(most) if allowed == most else _too_dense() from None
    except InflateError as error:
        raise Problem(ErrorCode.BODY_DAMAGED, f"The gzip data {error}.") from None


def received_bytes() -> int:
    """Return how many bytes of the request's body were read, before inflating."""
    return int(g.get("body_bytes", 0))


def _pieces(most: int) -> Iterator[bytes]:
    """Yield the body as it arrives, at most *most* bytes of it."""
    arrived = 0
    while piece := _next_piece():
        g.body_bytes = arrived = arrived + len(piece)
        if arrived > most:
            raise too_large(most)
        yield piece
    # When a connection breaks, some WSGI servers raise an error, others return fewer bytes than announced.
    if arrived < (request.content_length or 0):
        raise _broken_off()


def _next_piece() -> bytes:
    try:
        return request.stream.read(PIECE)
    except Exception:
        # Each WSGI server raises its own errors for broken connections and malformed chunks.
        raise _broken_off() from None


def _broken_off() -> Problem:
    return Problem(ErrorCode.BODY_DAMAGED, "The body ended too early, or its transfer coding is malformed.")


def _too_dense() -> Problem:
    detail = f"The body inflates to more than {LIMITS.inflate_ratio} times its size; do not compress it."
    return Problem(ErrorCode.BODY_TOO_LARGE, detail)


def too_large(most: int) -> Problem:
    """Return the problem for a body of more than *most* bytes."""
    return Problem(ErrorCode.BODY_TOO_LARGE, f"The body may have at most {most} bytes after decompression.")


def parse(body: bytes) -> Any:
    """Return the JSON value of *body*; raises `Problem` for everything that `strict_json` refuses.

    Floats are accepted here: the validation of a document reports the field that contains one.
    """
    try:
        return decode(body)
    except NotStrictJson as error:
        raise Problem(ErrorCode.NOT_JSON, str(error)) from None
