"""Applies the rate limits (`backend/api/rates`) to the request, and answers with `rate_limited`."""

import datetime as dt
from typing import Any

from flask import request

from backend.api.problems import Problem
from backend.api.services import Services, get_services
from backend.identity.tokens import AccessToken
from sync_protocol.errors import ErrorCode

_WAIT = "satchel.rate_wait"
"""Holds in a request's environ that it was counted, and how long its device must wait."""


def failed() -> None:
    """Count a wrong credential of the request's address; raise a `rate_limited` problem above the limit.

    Call it when the credential was found to be wrong, and then answer so.
    """
    wait = get_services().rates.failed(request.remote_addr)
    if wait:
        raise _problem(wait, f"Too many failed attempts from this network; wait {wait} seconds.")


def count_public() -> None:
    """Count a request that needs no token; raise a `rate_limited` problem above the limit of its address."""
    wait = get_services().rates.count_public(request.remote_addr)
    if wait:
        raise _problem(wait, f"Too many requests from this network; wait {wait} seconds.")


def count_device(token: AccessToken, now: dt.datetime, *, pushes: bool) -> None:
    """Count a request of the device of *token*; raise a `rate_limited` problem above its limit or its rep's."""
    wait = wait_of_device(get_services(), request.environ, token, now, pushes=pushes)
    if wait:
        raise _problem(wait, f"Too many requests of this device or rep; wait {wait} seconds.")


def wait_of_device(
    services: Services, environ: dict[str, Any], token: AccessToken, now: dt.datetime, *, pushes: bool = False
) -> int:
    """Count a request of the device of *token*, once; return the seconds to wait.

    *environ* is that of WSGI; its key `satchel.rate_wait` keeps the result.
    """
    wait: int | None = environ.get(_WAIT)
    if wait is None:
        environ[_WAIT] = wait = services.rates.count_request(
            token.device, token.rep, now.timestamp(), pushes=pushes
        )
    return wait


def _problem(wait: int, detail: str) -> Problem:
    return Problem(ErrorCode.RATE_LIMITED, detail, headers={"Retry-After": str(wait)})
