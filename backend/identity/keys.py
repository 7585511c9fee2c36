"""The installation's own keys, created at the first start and stored in `<folder>/keys`.

`signing.pem` signs access tokens (Ed25519). `refresh.secret` authenticates refresh tokens. Only the owner may
read the files. Replacing `signing.pem` invalidates the access tokens of the last fifteen minutes but logs
nobody out: phones refresh. Replacing `refresh.secret` makes every device enrol again. Several nodes need the
same two files.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.files import sync_folder, write_synced
from sync_protocol import base64url


class KeyDamaged(RuntimeError):
    """A key file exists but cannot be used; the message says which."""


@dataclass(frozen=True)
class Keys:
    """The keys in force; `kid` is the RFC 7638 thumbprint of the signing key."""

    signing: Ed25519PrivateKey = field(repr=False)
    refresh_secret: bytes = field(repr=False)
    kid: str

    @property
    def verifying(self) -> Ed25519PublicKey:
        return self.signing.public_key()


def load(folder: Path) -> Keys:
    """Return the keys of the installation in *folder*, and create those that are missing.

    Raises `KeyDamaged` for a file that does not contain its key, and OSError if the folder cannot be written.
    """
    keys = folder / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = _read_or_make(keys / "signing.pem", _new_signing_key)
    try:
        signing = serialization.load_pem_private_key(pem, password=None)
    except ValueError:
        signing = None
    if not isinstance(signing, Ed25519PrivateKey):
        raise KeyDamaged(f"{keys / 'signing.pem'} is not an unencrypted Ed25519 key in PEM form")
    secret = _read_or_make(keys / "refresh.secret", lambda: secrets.token_bytes(32))
    if len(secret) < 32:
        raise KeyDamaged(f"{keys / 'refresh.secret'} is shorter than 32 bytes")
    return Keys(signing, secret, _thumbprint(signing.public_key()))


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of *path*. If it is missing, create it with *make*; of several processes one wins."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            write_synced(draft, [make()], mode=0o600)
            # Another process may have been first; then its key is used.
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    return path.read_bytes()


def _thumbprint(key: Ed25519PublicKey) -> str:
    x = base64url.encode(key.public_bytes_raw())
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return base64url.encode(hashlib.sha256(members.encode()).digest())
