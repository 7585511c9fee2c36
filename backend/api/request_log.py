"""Accounts: every request has a name and leaves one line in the log."""

import logging
import re
import secrets
import time
from typing import Any

from backend import metrics
from backend.identity.principals import Principal

REQUEST_ID = "X-Request-Id"
_GOOD_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

log = logging.getLogger("satchel.request")


def request_id(sent: str) -> str:
    """Return the request's name: what the phone *sent* if it is a good one, else a new one."""
    return sent if _GOOD_ID.fullmatch(sent) else secrets.token_hex(8)


def log_request(
    *,
    began: float,
    method: str,
    path: str | None,
    status: int,
    who: Principal | None,
    code: str | None = None,
    **more: Any,
) -> None:
    """Count the request, log one line. *path* is the address's pattern: addresses hold cursors and ids."""
    seconds = time.perf_counter() - began
    metrics.count_request(method, path, status, code, seconds)
    if not log.isEnabledFor(logging.INFO):
        return
    line = {
        "method": method,
        "path": path,
        "status": status,
        "code": code,
        "milliseconds": round(seconds * 1000, 1),
        "rep": who.rep if who else None,
        "device": who.device if who else None,
        **more,
    }
    log.info("request", extra={name: value for name, value in line.items() if value is not None})
