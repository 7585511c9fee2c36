"""Proofs of possession (DPoP, RFC 9449): what a token request or an enrolment must carry.

A proof is bound to method, URL, time and a nonce of this server, and is accepted once (`used_proofs`). The key
is in the proof; whether it is the device's key, the caller compares. The algorithm follows from the key.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from backend.identity import device_keys, proof_nonces
from sync_protocol.dpop import MAX_ID, MAX_PROOF, PROOF_TYPE
from sync_protocol.loopback import is_loopback

HEADER = {"typ", "alg", "jwk"}
"""The members of a proof's header; one with others (`crit`, `jku`, `x5u`, `kid`, …) is refused."""
_PORTS = {"https": 443, "http": 80}


class ProofInvalid(Exception):
    """The proof is missing or wrong; the message completes "the proof …"."""


class NonceRequired(Exception):
    """The proof must be made again, with the nonce and the time of the reply; the message says why."""


@dataclass(frozen=True)
class Proof:
    """A verified proof: its key as a normalised JWK with its thumbprint, its `jti`, and its nonce's time."""

    key: dict[str, str]
    thumbprint: str
    id: str
    nonce_time: int
    """When the server issued the nonce, in seconds since 1970."""


def verify(
    proof: str | None, *, method: str, urls: Iterable[str], secrets: list[bytes], now: dt.datetime
) -> Proof:
    """Return *proof*, verified and parsed.

    *urls* are the addresses of this request at which phones may reach it; *secrets* authenticate nonces.
    Raises `ProofInvalid` and `NonceRequired`.
    """
    if proof is None:
        raise ProofInvalid("is missing: send it in the header DPoP (RFC 9449)")
    key, payload = _signed(proof)
    id, nonce, issued = payload.get("jti"), payload.get("nonce"), payload.get("iat")
    if not isinstance(id, str) or not 1 <= len(id) <= MAX_ID or not id.isprintable():
        raise ProofInvalid(f"must have a jti of 1 to {MAX_ID} printable characters")
    if payload.get("htm") != method:
        raise ProofInvalid(f"is for another method; htm must be {method}")
    allowed = list(urls)
    address = normalised_url(payload.get("htu"))
    # An own address that cannot be read must not admit a proof whose address cannot be read either.
    if address is None or address not in {normalised_url(url) for url in allowed}:
        raise ProofInvalid(f"is for another address; htu must be {' or '.join(allowed)}")
    if isinstance(issued, bool) or not isinstance(issued, int):
        raise ProofInvalid("must state its time in iat, in whole seconds since 1970")
    nonce_time = proof_nonces.issued_at(secrets, nonce, now) if isinstance(nonce, str) else None
    if nonce_time is None:
        raise NonceRequired("The proof needs a nonce of this server that is not older than five minutes")
    if abs(now.timestamp() - issued) > proof_nonces.LIFE_SECONDS:
        raise NonceRequired("The time iat of the proof is wrong; take it from the nonce, before the dot")
    return Proof(key, device_keys.thumbprint(key), id, nonce_time)


def _signed(proof: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return key and payload of *proof*, whose signature by that key is valid."""
    if len(proof) > MAX_PROOF:
        raise ProofInvalid(f"is longer than {MAX_PROOF} characters")
    try:
        header = jwt.get_unverified_header(proof)
        if set(header) != HEADER:
            raise ProofInvalid("must have typ, alg and jwk in its header, and nothing else")
        if header["typ"] != PROOF_TYPE:
            raise ProofInvalid(f"must have the type {PROOF_TYPE}")
        key = device_keys.normalised(header["jwk"])
        return key, device_keys.verify(key, proof)
    except device_keys.KeyRefused as error:
        raise ProofInvalid(f"has a key that is not accepted: jwk {error}") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError, TypeError):
        raise ProofInvalid("is not signed by its key, or is not a compact JWS") from None


def normalised_url(url: Any) -> str | None:
    """Return *url* without query and fragment, in the one form that is compared; None if it is not a web
    address.

    The names and ports of the loopback interface count as one: only programs on the server's own machine use
    them.
    """
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
            return None
        port = parts.port or _PORTS[parts.scheme]
        place = "localhost" if is_loopback(parts.hostname) else f"{parts.hostname}:{port}"
        return f"{parts.scheme}://{place}{parts.path or '/'}"
    except ValueError:
        return None
