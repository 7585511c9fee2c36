"""The device's key pair: created here, never leaves the device, and signs the proofs of enrolment and refresh.

The reference device keeps it in a file that only its owner can read. A phone keeps it in its keystore, which
backups do not include, so that a restored copy of the app must enrol again.
"""

import hashlib
import re
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from ulid import ULID

from sync_protocol import base64url
from sync_protocol.device.errors import EnrolAgain
from sync_protocol.device.store.durable_file import durable_file, sync_folder
from sync_protocol.dpop import PROOF_TYPE, nonce_time


class DeviceKey:
    """An Ed25519 key pair."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    def public_jwk(self) -> dict[str, str]:
        """Return the public key as a JWK (RFC 8037)."""
        raw = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw)}

    def proof(self, method: str, url: str, nonce: str | None, clock: float) -> str:
        """Return a new proof (DPoP, RFC 9449) for a request of *method* to *url*.

        Its time is that of *nonce*, because device clocks are unreliable; without a nonce *clock*, the Unix
        time of this device.
        """
        at = nonce_time(nonce) if nonce is not None else None
        payload = {"jti": str(ULID()), "htm": method, "htu": url, "iat": int(clock) if at is None else at}
        if nonce is not None:
            payload["nonce"] = nonce
        header = {"typ": PROOF_TYPE, "jwk": self.public_jwk()}
        return jwt.encode(payload, self._private, algorithm="EdDSA", headers=header)


def key_file_name(code: str) -> str:
    """Return the name of the key file for an enrolment code; it is the same for every way to type the code.

    An enrolment that is repeated after a lost reply finds the same key, and gets the same device; another code
    gets another key. Case, spaces and dashes are ignored, and O, I and L are read as 0, 1 and 1.
    """
    plain = re.sub(r"[\s-]", "", code.upper()).translate(str.maketrans("OIL", "011"))
    return f"key-{hashlib.sha256(plain.encode()).hexdigest()[:16]}.pem"


def load_or_create(path: Path) -> DeviceKey:
    """Return the key in *path*, creating it if there is none; a new key is on disk before it is used."""
    if path.exists():
        return load(path)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with durable_file(path, mode=0o600) as stream:
        stream.write(pem)
    sync_folder(path.parent)
    return DeviceKey(private)


def load(path: Path) -> DeviceKey:
    """Return the key in *path*; raises `EnrolAgain` if there is no readable key."""
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError):
        raise EnrolAgain("the device's key is missing; enrol again, the outbox is kept") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise EnrolAgain("the device's key has another type; enrol again, the outbox is kept")
    return DeviceKey(private)


def delete_keys(folder: Path, keep: str | None = None) -> None:
    """Delete every key in *folder* except the one named *keep*."""
    for path in folder.glob("key-*"):
        if path.name != keep:
            path.unlink(missing_ok=True)
