"""Check the key that a device enrols, and the proof that it signs for a refresh token.

The key is a JWK (RFC 7517), the proof a compact JWS (RFC 7515); docs/protocol.md has the claims.
Separate from the scripted server, because no other part of the device kit verifies a signature.
"""

import hashlib
from typing import Any

import jwt

from sync_protocol import base64url

ALGORITHMS = {"OKP": "EdDSA", "EC": "ES256"}


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


def proof_faults(proof: str, refresh_token: str, issuer: str, key: Any) -> list[str]:
    """Return the faults of the *proof* that came with *refresh_token*."""
    try:
        algorithm = ALGORITHMS[key["kty"]]
        public = jwt.PyJWK({**key, "alg": algorithm}).key
        claims = jwt.decode(proof, public, algorithms=[algorithm], audience=issuer)
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        return [f"the proof is invalid: {error}"]
    if claims.get("rth") != base64url.encode(hashlib.sha256(refresh_token.encode()).digest()):
        return ["the proof does not cover the refresh token that came with it"]
    return [] if claims.get("jti") else ["the proof has no jti"]
