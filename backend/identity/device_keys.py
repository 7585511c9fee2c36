"""A device's public key: parses it strictly from a JWK (RFC 7517), and verifies its signatures.

Two kinds are accepted: Ed25519 (RFC 8037) and P-256 (RFC 7518), which the key stores of phones support. The
algorithm follows from the key, never from the header of a signature. One key has one JWK and one thumbprint.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options

from backend.identity import ed25519_points
from sync_protocol import base64url

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

# Members that WebCrypto and libraries add to a key; they are not stored.
IGNORED_MEMBERS = {"kid", "use", "alg", "key_ops", "ext"}
P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
MEMBERS = {("OKP", "Ed25519"): ("crv", "kty", "x"), ("EC", "P-256"): ("crv", "kty", "x", "y")}


class KeyRefused(ValueError):
    """The JWK is not an accepted public key; the message completes "public_key …"."""


def normalised(jwk: Any) -> dict[str, str]:
    """Return the required members of *jwk* in the order of RFC 7638; raises `KeyRefused`."""
    if not isinstance(jwk, dict):
        raise KeyRefused("must be a JWK object")
    members = MEMBERS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if members is None:
        raise KeyRefused("must be an Ed25519 key (kty OKP) or a P-256 key (kty EC)")
    unexpected = sorted(set(jwk) - set(members) - IGNORED_MEMBERS)
    if unexpected:
        raise KeyRefused(f"must contain the public part only, not {', '.join(unexpected)[:100]}")
    required = {name: jwk.get(name) for name in members}
    _build(required)
    return {name: str(value) for name, value in required.items()}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the RFC 7638 thumbprint of a normalised JWK."""
    text = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode()).digest())


def verify(jwk: Mapping[str, str], signed: str) -> dict[str, Any]:
    """Return the payload of the compact JWS *signed*, a JSON object; raises `jwt.InvalidTokenError`.

    Only the signature by the key *jwk* is checked. The caller checks the values in the payload.
    """
    key = _build(jwk)
    algorithm = "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
    unchecked: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    return jwt.decode(signed, key, algorithms=[algorithm], options=unchecked)


def _build(jwk: Mapping[str, Any]) -> PublicKey:
    x = _coordinate(jwk, "x")
    if jwk["kty"] == "OKP":
        fault = ed25519_points.fault(x)
        if fault is not None:
            raise KeyRefused(fault)
        return Ed25519PublicKey.from_public_bytes(x)
    point = int.from_bytes(x), int.from_bytes(_coordinate(jwk, "y"))
    if max(point) >= P256_PRIME:
        raise KeyRefused("is not the canonical encoding of a point")
    try:
        return EllipticCurvePublicNumbers(*point, SECP256R1()).public_key()
    except ValueError:
        raise KeyRefused("is not a point on its curve") from None


def _coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    """Return a coordinate. Both curves have 32 bytes, written in base64url without padding."""
    text = jwk.get(name)
    try:
        if not isinstance(text, str) or len(text) != 43:
            raise ValueError
        return base64url.decode(text)
    except ValueError:
        raise KeyRefused(f"must contain {name!r} as 32 bytes in base64url without padding") from None
