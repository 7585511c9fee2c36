"""Requests with a proof of possession (DPoP, RFC 9449): enrolment and refresh.

The server's nonce is in its replies. If it wants another one, the request is sent once more with a new proof;
no other reply causes a repetition. Nothing on the device changes before a reply says that it succeeded.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sync_protocol.device.connection import Reply
from sync_protocol.device.errors import Problem
from sync_protocol.device.session.keys import DeviceKey
from sync_protocol.device.session.transport import Transport
from sync_protocol.dpop import PROOF_HEADER

T = TypeVar("T")


def with_nonce(send: Callable[[], T]) -> T:
    """Return the result of *send*; call it once more if the server requires another nonce."""
    try:
        return send()
    except Problem as problem:
        if not wants_nonce(problem):
            raise
    return send()


def wants_nonce(problem: Problem) -> bool:
    """Say whether the server requires another nonce."""
    return problem.code == "use_dpop_nonce"


def send_proven(
    transport: Transport, key: DeviceKey, path: str, body: Mapping[str, Any], clock: float
) -> Reply:
    """POST *body* to *path* with a new proof by *key*; *clock* is the Unix time of this device."""
    proof = key.proof("POST", f"{transport.server}{path}", transport.nonce, clock)
    return transport.request("POST", path, headers={PROOF_HEADER: proof}, content=json.dumps(body).encode())
