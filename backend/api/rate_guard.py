"""Makes an address wait that has failed too often to enrol, to refresh, or to authenticate for the office.

Separate from `rate_limit.py`, which `services.py` imports and which therefore cannot import `services.py`.
"""

import datetime as dt

from flask import request

from backend.api.problems import Problem
from backend.api.services import get_services
from sync_protocol.errors import ErrorCode


def check(now: dt.datetime) -> None:
    """Raise a `rate_limited` problem if the request's address must wait."""
    seconds = get_services().failure_limiter.wait(_address(), now)
    if seconds:
        headers = {"Retry-After": str(seconds)}
        raise Problem(
            ErrorCode.RATE_LIMITED, f"Too many failed attempts; wait {seconds} seconds.", headers=headers
        )


def failed(now: dt.datetime) -> None:
    """Count a failure of the request's address."""
    get_services().failure_limiter.failed(_address(), now)


def _address() -> str:
    return request.remote_addr or "unknown"
