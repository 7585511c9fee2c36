"""Every error becomes RFC 9457 problem details, with a code from `sync_protocol/errors.py`."""

import errno
import json
import logging
from collections.abc import Mapping, Sequence

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, InternalServerError

from backend.api import responses
from backend.api.request_log import REQUEST_ID
from backend.api.services import get_services
from backend.database import failures
from backend.feed.positions import FeedMissing
from backend.identity import wipes
from backend.identity.refresh import RefreshInvalid
from backend.identity.tokens import DeviceRevoked, TokenExpired, TokenInvalid
from backend.office.errors import ActionRefused
from backend.sync.pull import NotYet
from backend.sync.push import PushTooLarge
from backend.sync.segments.store import StoreFailed
from backend.sync.verify import EpochChanged
from sync_protocol.cursor import CursorInvalid
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.problem import MEDIA_TYPE, ProblemJson, problem

RETRY_SECONDS = 5
CODE_HEADER = "Satchel-Error"
"""Repeats the code, for responses without a body (HEAD)."""

log = logging.getLogger("satchel.api")

_FOLDER_FAILS = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE")
)
"""Numbers of errors that say that the folder's disk is full, read-only or broken, or files ran out."""

_BY_STATUS = {
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.BODY_TOO_LARGE,
    415: ErrorCode.ENCODING_UNSUPPORTED,
}


class Problem(Exception):
    """Ends a request with a problem.

    *detail* is a sentence about this case, *errors* are faults of single fields, *headers* are added to the
    response, and *wipe_order* tells the device to wipe itself.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        wipe_order: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors, self.wipe_order = code, detail, tuple(errors), wipe_order
        self.headers = dict(headers or {})
        if code.status == 401:
            self.headers["WWW-Authenticate"] = f'Bearer realm="satchel", error="{code.code}"'

    def as_wire(self) -> ProblemJson:
        """Return the body of the response, as in `ProblemSchema`."""
        return problem(
            self.code,
            self.detail,
            request_id=g.request_id,
            errors=self.errors,
            wipe_order=self.wipe_order,
        )


def to_problem(error: Exception) -> Problem:
    """Return the problem that a device gets for *error*. An unexpected error is logged and reveals nothing."""
    match error:
        case Problem():
            return error
        case TokenExpired():
            return Problem(ErrorCode.TOKEN_EXPIRED, "The access token has expired.")
        case TokenInvalid():
            log.info("access token refused: %s", error)
            return Problem(
                ErrorCode.TOKEN_INVALID, "The access token is not valid on this server, or no longer valid."
            )
        case DeviceRevoked():
            services = get_services()
            order = wipes.order(error.device, services.keys.secrets(services.clock.now()))
            return Problem(ErrorCode.DEVICE_REVOKED, "Delete the replica and the tokens.", wipe_order=order)
        case RefreshInvalid():
            return Problem(ErrorCode.REFRESH_INVALID, f"{error}.".capitalize())
        case PushTooLarge():
            return Problem(ErrorCode.BODY_TOO_LARGE, f"The push cannot be stored at once: {error}.")
        case CursorInvalid():
            return Problem(ErrorCode.CURSOR_INVALID, f"The cursor cannot be read: {error}.")
        case EpochChanged():
            return Problem(ErrorCode.EPOCH_CHANGED, "The cursor is of an earlier epoch; pull with it.")
        case NotYet():
            wait = {"Retry-After": str(error.retry_after)}
            return Problem(ErrorCode.NOT_YET, "This server is behind your cursor.", headers=wait)
        case ActionRefused():
            return Problem(error.code, f"{error.message}.", errors=error.faults)
        case InternalServerError() if isinstance(error.original_exception, Exception):
            # Flask wraps what fails outside of a view, such as a function that runs after it.
            return to_problem(error.original_exception)
        case FeedMissing():
            log.error("database unavailable: %s", error)
            return _unavailable()
        case _ if failures.is_unusable(error):
            log.error("database unavailable: %s", failures.reason(error))
            return _unavailable()
        case OSError() if error.errno in _FOLDER_FAILS:
            log.error("a file cannot be stored: %s", error)
            return _unavailable("The server cannot store files; try again in a moment.")
        case StoreFailed():
            log.error("segment store failed", exc_info=error)
            return _unavailable("The segment files cannot be read; try again in a moment.")
        case HTTPException() if error.code is not None and error.code < 500:
            code = _BY_STATUS.get(error.code, ErrorCode.ENVELOPE_INVALID)
            headers = {n: ", ".join(sorted(v.split(", "))) for n, v in error.get_headers() if n == "Allow"}
            return Problem(code, error.description or code.title, headers=headers)
        case _:
            log.error("unexpected error", exc_info=error)
            return Problem(
                ErrorCode.INTERNAL, "The server failed; `request_id` identifies the request in its log."
            )


def respond(error: Exception) -> Response | HTTPException:
    """Return the response for *error*."""
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error  # a redirect
    answer = to_problem(error)
    body = json.dumps(answer.as_wire(), ensure_ascii=False)
    response = Response(body, answer.code.status, {**answer.headers, CODE_HEADER: answer.code.code})
    response.content_type = MEDIA_TYPE
    # Also here: an error in a function that adds headers ends in this response, without those headers.
    response.headers[REQUEST_ID] = g.request_id
    return responses.add_default_headers(response)


def register(app: Flask) -> None:
    """Answer every error of *app* with a problem."""
    app.register_error_handler(Exception, respond)


def _unavailable(detail: str = "The database does not answer; try again in a moment.") -> Problem:
    return Problem(ErrorCode.UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_SECONDS)})
