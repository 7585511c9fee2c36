"""Proof of possession (DPoP, RFC 9449) of the current request, for the two routes that issue tokens.

`htu` of a proof is compared with the addresses in the settings: SATCHEL_PUBLIC_URL, SATCHEL_OTHER_URLS, and
the one on which the server listens. `Host` and `X-Forwarded-Host` do not count: whoever sends a stolen proof
chooses them.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from backend.api import rate_guard
from backend.api.openapi.operation import header
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.identity import dpop, proof_nonces
from backend.identity.dpop import NonceRequired, Proof, ProofInvalid
from backend.identity.used_proofs import TooManyProofs
from backend.settings import Settings
from sync_protocol.dpop import NONCE_HEADER, PROOF_HEADER
from sync_protocol.errors import ErrorCode

RETRY_SECONDS = 60

PARAMETER = header(PROOF_HEADER, "Proof that the device has the private key: a JWS (RFC 9449).", required=True)
NONCE = header(NONCE_HEADER, "The nonce for the next proof.")
PROBLEMS = (ErrorCode.USE_DPOP_NONCE, ErrorCode.INVALID_DPOP_PROOF)
"""What an operation with a proof declares."""


def verify_proof(now: dt.datetime) -> Proof:
    """Return the verified proof of the request; raises `ProofInvalid` and `NonceRequired`."""
    services = get_services()
    return dpop.verify(
        request.headers.get(PROOF_HEADER),
        method=request.method,
        urls=[f"{url}{request.path}" for url in addresses(services.settings)],
        secrets=services.keys.secrets(now),
        now=now,
    )


def addresses(settings: Settings) -> list[str]:
    """Return the addresses of this server that a proof may name, without the path."""
    urls = [settings.public_url, *settings.other_urls, settings.local_url]
    return list(dict.fromkeys(url.rstrip("/") for url in urls))


def nonce_header(now: dt.datetime) -> dict[str, str]:
    """Return the header with the nonce for the next proof."""
    return {NONCE_HEADER: proof_nonces.issue(get_services().keys.secrets(now), now)}


@contextmanager
def proof_problems(now: dt.datetime) -> Iterator[None]:
    """Turn what is wrong with a proof into a problem with a new nonce."""
    try:
        yield
    except NonceRequired as error:
        raise Problem(ErrorCode.USE_DPOP_NONCE, f"{error}.", headers=nonce_header(now)) from None
    except ProofInvalid as error:
        rate_guard.failed()
        detail = f"The proof {error}."
        raise Problem(ErrorCode.INVALID_DPOP_PROOF, detail, headers=nonce_header(now)) from None
    except TooManyProofs:
        detail = "This key has signed more proofs than a phone needs."
        headers = {"Retry-After": str(RETRY_SECONDS)}
        raise Problem(ErrorCode.RATE_LIMITED, detail, headers=headers) from None
