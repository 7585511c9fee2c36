"""The HTTP server's own errors, before or beside the app: problems like all others, with the same headers."""

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors

from backend.api import request_log
from backend.api.problems import CODE_HEADER, RETRY_SECONDS
from backend.api.responses import HEADERS, SECURE
from backend.web_server.connection import MAX_HEAD, BodyTooLarge
from sync_protocol.errors import ErrorCode
from sync_protocol.limits import LIMITS
from sync_protocol.problem import MEDIA_TYPE, problem

_DETAILS: Mapping[ErrorCode, str] = {
    ErrorCode.REQUEST_MALFORMED: "The request line, a header or the framing of the body is not valid HTTP/1.1.",
    ErrorCode.REQUEST_TIMEOUT: "The request did not arrive in time.",
    ErrorCode.URI_TOO_LONG: "The request line may have at most 8190 bytes; send a cursor to POST /v1/sync.",
    ErrorCode.HEADERS_TOO_LARGE: f"The headers may have at most {MAX_HEAD} bytes, and one of them 8190.",
    ErrorCode.TRANSFER_CODING_UNSUPPORTED: "Send the body with Content-Length, or with chunked alone.",
    ErrorCode.BODY_TOO_LARGE: f"The body may have at most {LIMITS.push_bytes} bytes.",
    ErrorCode.UNAVAILABLE: "All connections of the server are in use; try again in a moment.",
    ErrorCode.INTERNAL: "The server failed; `request_id` identifies the request in its log.",
}
"""A sentence for each error. None repeats what the client sent."""

_MALFORMED = (
    errors.InvalidRequestLine, errors.InvalidRequestMethod, errors.InvalidHTTPVersion,
    errors.InvalidHeader, errors.InvalidHeaderName, errors.ObsoleteFolding, errors.InvalidChunkSize,
    errors.ChunkMissingTerminator, errors.InvalidChunkExtension, errors.InvalidSchemeHeaders,
    errors.ExpectationFailed,
)  # fmt: skip
_OF_THE_APP = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def code_of(error: BaseException) -> ErrorCode:
    """Return the code for an *error* of gunicorn's parser, of a connection, or of the app."""
    match error:
        case _ if isinstance(error, _OF_THE_APP):
            return ErrorCode.INTERNAL
        case BodyTooLarge():
            return ErrorCode.BODY_TOO_LARGE
        case errors.LimitRequestLine():
            return ErrorCode.URI_TOO_LONG
        case errors.LimitRequestHeaders():
            return ErrorCode.HEADERS_TOO_LARGE
        case errors.UnsupportedTransferCoding():
            return ErrorCode.TRANSFER_CODING_UNSUPPORTED
        case _ if isinstance(error, _MALFORMED):
            return ErrorCode.REQUEST_MALFORMED
        case _:
            return ErrorCode.INTERNAL


def error_page(code: ErrorCode, request: Any, began: float, *, secure: bool) -> bytes:
    """Return the whole reply for *code*, and log it.

    Args:
        request: Gunicorn's request, if its head could be read; else None.
        began: When the request began, by `time.monotonic()`.
        secure: Whether phones reach this server by HTTPS.
    """
    headers = dict(request.headers) if request is not None else {}
    request_id = request_log.request_id(headers.get("X-REQUEST-ID", ""))
    method = str(request.method) if request is not None else "other"
    body = json.dumps(problem(code, _DETAILS[code], request_id=request_id), ensure_ascii=False).encode()
    fields = {
        **HEADERS,
        **(dict([SECURE]) if secure else {}),
        **({"Retry-After": str(RETRY_SECONDS)} if code.status in (408, 503) else {}),
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        CODE_HEADER: code.code,
        request_log.REQUEST_ID: request_id,
        "Connection": "close",
    }
    seconds = time.monotonic() - began
    request_log.log_request(
        began=time.perf_counter() - seconds, method=method, path=None, status=code.status, code=code.code,
        principal=None, request_id=request_id,
    )  # fmt: skip
    lines = [f"HTTP/1.1 {code.status} {HTTPStatus(code.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("latin-1") + (b"" if method == "HEAD" else body)
