"""Request ids and the request log: one log line and one metric per request."""

import logging
import re
import secrets
import time
from typing import Any

from backend import metrics
from backend.identity.principals import Principal
from backend.logs import REQUEST_LOGGER

REQUEST_ID = "X-Request-Id"
_VALID_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

log = logging.getLogger(REQUEST_LOGGER)


def request_id(sent: str) -> str:
    """Return the request's id: the one that the phone *sent* if it is well-formed, else a new one."""
    return sent if _VALID_ID.fullmatch(sent) else secrets.token_hex(8)


def log_request(
    *,
    began: float,
    method: str,
    path: str | None,
    status: int,
    principal: Principal | None,
    code: str | None = None,
    **more: Any,
) -> None:
    """Count the request and log one line.

    Args:
        began: When the request began, by `time.perf_counter()`.
        path: The pattern of its route, not its address, which contains cursors and ids.
        code: The error code of a problem.
        more: Further fields of the log line.
    """
    seconds = time.perf_counter() - began
    metrics.count_request(method, path, status, code, seconds)
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": method,
        "path": path,
        "status": status,
        "code": code,
        "milliseconds": round(seconds * 1000, 1),
        "rep": principal.rep if principal else None,
        "device": principal.device if principal else None,
        **more,
    }
    log.info("request", extra={name: value for name, value in fields.items() if value is not None})
