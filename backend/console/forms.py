"""Reads forms: bounded, `application/x-www-form-urlencoded` only, because no page sends files."""

from urllib.parse import parse_qsl

from flask import g, request

from backend.api.problems import Problem
from backend.identity.names import is_storable
from sync_protocol.errors import ErrorCode

MAX_BYTES, MAX_FIELDS = 64 * 1024, 200
TYPE = "application/x-www-form-urlencoded"


def read() -> dict[str, str]:
    """Return the fields of the request's form; of a repeated one the last. Raises `Problem`."""
    if "form" not in g:
        g.form = _read()
    fields: dict[str, str] = g.form
    return fields


def _read() -> dict[str, str]:
    if request.mimetype != TYPE:
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, f"A form is sent as {TYPE}.")
    request.max_content_length = MAX_BYTES
    try:
        pairs = parse_qsl(
            request.get_data().decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise Problem(ErrorCode.ENVELOPE_INVALID, "The form cannot be read.") from None
    fields = dict(pairs)
    if not all(is_storable(text) for pair in fields.items() for text in pair):
        raise Problem(ErrorCode.ENVELOPE_INVALID, "The form has characters that cannot be stored.")
    return fields
