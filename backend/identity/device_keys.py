"""A device's public key: read strictly from a JWK, and what it has signed.

Two kinds are taken: Ed25519 (RFC 8037) and P-256 (RFC 7518, which phones' key stores hold). The
algorithm follows from the key and never from what a signature says of itself.
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

from sync_protocol import base64url

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

# What WebCrypto and libraries put beside the key itself; none of it is kept.
HARMLESS = {"kid", "use", "alg", "key_ops", "ext"}
MEMBERS = {("OKP", "Ed25519"): ("crv", "kty", "x"), ("EC", "P-256"): ("crv", "kty", "x", "y")}


class KeyRefused(ValueError):
    """The JWK is not a public key we take; the message completes "public_key …"."""


def normalised(jwk: Any) -> dict[str, str]:
    """Return the required members of *jwk* in the order of RFC 7638; raises `KeyRefused`."""
    if not isinstance(jwk, dict):
        raise KeyRefused("must be a JWK object")
    members = MEMBERS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if members is None:
        raise KeyRefused("must be an Ed25519 key (kty OKP) or a P-256 key (kty EC)")
    strange = sorted(set(jwk) - set(members) - HARMLESS)
    if strange:
        raise KeyRefused(f"must hold the public part only, not {', '.join(strange)[:100]}")
    kept = {name: jwk.get(name) for name in members}
    _build(kept)
    return {name: str(value) for name, value in kept.items()}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the RFC 7638 thumbprint of a normalised JWK."""
    text = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode()).digest())


def verify(jwk: Mapping[str, str], signed: str) -> dict[str, Any]:
    """Return the claims of the compact JWS *signed* by the key *jwk*; raises `jwt.InvalidTokenError`.

    Only the signature is checked; what the claims must say is the caller's to decide.
    """
    key = _build(jwk)
    algorithm = "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
    unchecked = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    return jwt.decode(signed, key, algorithms=[algorithm], options=unchecked)  # type: ignore[arg-type]


def _build(jwk: Mapping[str, Any]) -> PublicKey:
    x = _coordinate(jwk, "x")
    try:
        if jwk["kty"] == "OKP":
            return Ed25519PublicKey.from_public_bytes(x)
        point = EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(_coordinate(jwk, "y")), SECP256R1()
        )
        return point.public_key()
    except ValueError:
        raise KeyRefused("is not a point on its curve") from None


def _coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    """Both curves write their coordinates as 32 bytes, base64url without padding."""
    text = jwk.get(name)
    try:
        if not isinstance(text, str) or len(text) != 43:
            raise ValueError
        return base64url.decode(text)
    except ValueError:
        raise KeyRefused(f"must have {name!r} as 32 bytes in base64url without padding") from None
