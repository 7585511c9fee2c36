"""Holds back an address that has failed too often at a door that takes codes or refresh tokens."""

import datetime as dt

from flask import request

from backend.api.problems import Problem
from backend.api.services import get_services
from sync_protocol.errors import ErrorCode


def check(now: dt.datetime) -> None:
    """Raise a `rate_limited` problem if the sender must wait."""
    wait = get_services().failure_limiter.wait(_address(), now)
    if wait:
        headers = {"Retry-After": str(wait)}
        raise Problem(
            ErrorCode.RATE_LIMITED, f"Too many failed attempts; wait {wait} seconds.", headers=headers
        )


def failed(now: dt.datetime) -> None:
    """Count a failure of the sender."""
    get_services().failure_limiter.failed(_address(), now)


def _address() -> str:
    return request.remote_addr or "unknown"
