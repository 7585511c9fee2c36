"""Check the key that a device enrols, and the proofs that it signs for enrolment and tokens.

The key is a JWK (RFC 7517), the proof a compact JWS (DPoP, RFC 9449); docs/protocol.md describes both.
Separate from the scripted server, because no other part of the device kit verifies a signature.
"""

from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt.types import Options

from sync_protocol.conformance.http_server import Request
from sync_protocol.dpop import PROOF_HEADER, PROOF_TYPE

ALGORITHMS = {"OKP": "EdDSA", "EC": "ES256"}
TOLERATED_SECONDS = 300


def key_faults(key: Any) -> list[str]:
    """Return the faults of an enrolled public key (a JWK)."""
    if not isinstance(key, dict) or key.get("kty") not in ALGORITHMS:
        return ["the public key is not a JWK of Ed25519 or P-256"]
    if "d" in key:
        return ["the private key left the device"]
    try:
        jwt.PyJWK({**key, "alg": ALGORITHMS[key["kty"]]})
    except jwt.PyJWTError as error:
        return [f"the public key cannot be read: {error}"]
    return []


def proof_of(request: Request) -> str:
    """Return the proof of *request*; empty if it has none."""
    return request.headers.get(PROOF_HEADER.lower(), "")


def payload_of(proof: str) -> dict[str, Any]:
    """Return the payload of *proof* (`jti`, `htm`, `htu`, `iat`, `nonce`), which may be invalid: then it is
    empty."""
    try:
        return dict(jwt.decode(proof, options={"verify_signature": False}))
    except jwt.PyJWTError:
        return {}


def proof_faults(request: Request, key: Any, now: float) -> list[str]:
    """Return the faults of the proof of *request*, which must be signed by *key*; *now* is the server's time.

    A proof without a nonce may have any time: the device does not know the server's yet.
    """
    proof = proof_of(request)
    if not proof:
        return [f"{request.path} has no proof in the header {PROOF_HEADER}"]
    try:
        algorithm = ALGORITHMS[key["kty"]]
        public = jwt.PyJWK({**key, "alg": algorithm}).key
        unchecked: Options = {
            "verify_iat": False, "verify_exp": False, "verify_nbf": False, "verify_aud": False,
        }  # fmt: skip
        payload = jwt.decode(proof, public, algorithms=[algorithm], options=unchecked)
        header = jwt.get_unverified_header(proof)
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        return [f"the proof is not signed by the enrolled key: {error}"]
    return [*_header_faults(header, key), *_payload_faults(payload, request, now)]


def _header_faults(header: dict[str, Any], key: Any) -> list[str]:
    if header.get("typ") != PROOF_TYPE:
        return [f"the proof has the type {header.get('typ')!r} instead of {PROOF_TYPE!r}"]
    if set(header) != {"typ", "alg", "jwk"}:
        return [f"the header of the proof has {', '.join(sorted(header))} instead of alg, jwk, typ"]
    required = ("kty", "crv", "x", "y")
    jwk = header["jwk"] if isinstance(header["jwk"], dict) else {}
    if any(jwk.get(name) != key.get(name) for name in required):
        return ["the key in the proof is not the enrolled one"]
    return ["the proof contains the private key"] if "d" in jwk else []


def _payload_faults(payload: dict[str, Any], request: Request, now: float) -> list[str]:
    url = urlsplit(str(payload.get("htu")))
    if payload.get("htm") != request.method:
        return [f"the proof is for the method {payload.get('htm')!r} instead of {request.method}"]
    if (url.netloc, url.path) != (request.headers.get("host", ""), request.path) or url.query:
        return [f"the proof is for {payload.get('htu')!r} instead of the address of the request"]
    if not isinstance(payload.get("jti"), str) or not payload["jti"]:
        return ["the proof has no jti"]
    issued = payload.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int):
        return ["the proof has no iat in whole seconds"]
    if "nonce" in payload and abs(issued - now) > TOLERATED_SECONDS:
        return ["iat of the proof is not the server's time, which is in the nonce before the dot"]
    return []
