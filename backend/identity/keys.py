"""The installation's own keys as files in `<folder>/keys`, which all nodes share.

Signing keys (`signing….pem`, Ed25519) sign access tokens. Refresh secrets (`refresh….secret`, 32 bytes)
authenticate refresh tokens. The first key of each kind is created at the first start and has no time in its
name. A later one states in its name from when on it is used, so that every node knows it before that. Only the
owner may read the files. When a key is used and accepted is in `key_ring`.
"""

import contextlib
import datetime as dt
import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.files import make_private_folder, sync_folder, write_synced
from sync_protocol import base64url

SIGNING, REFRESH = "signing", "refresh"
SUFFIXES = {SIGNING: ".pem", REFRESH: ".secret"}
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""From when on the first key of each kind is used."""

_NAME = re.compile(r"(signing|refresh)(?:-(\d{8}T\d{6}Z)-[0-9a-f]{8})?(\.pem|\.secret)")
_TIME = "%Y%m%dT%H%M%SZ"


class KeyDamaged(RuntimeError):
    """A key file exists but cannot be used; the message says which."""


@dataclass(frozen=True)
class StoredKey:
    """One key: *kind* is `SIGNING` or `REFRESH`, *used_from* the time from which new tokens are made with it.

    `id` of a signing key is its RFC 7638 thumbprint, the `kid` of tokens; of a secret the start of its SHA-256.
    """

    kind: str
    id: str
    used_from: dt.datetime
    path: Path
    content: bytes = field(repr=False)

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private key of a signing key."""
        return _parse(self.path, self.content)


def read_all(folder: Path) -> list[StoredKey]:
    """Return the keys of the installation in *folder*, and create the first of each kind if there is none.

    Raises `KeyDamaged` for a file that does not contain its key, and OSError if the folder cannot be used.
    """
    keys = folder / "keys"
    make_private_folder(keys)
    for kind in SUFFIXES:
        if not any(key.kind == kind for key in map(_parts, keys.iterdir()) if key is not None):
            write_new(keys / f"{kind}{SUFFIXES[kind]}", kind)
    stored = [_read(path) for path in sorted(keys.iterdir()) if _parts(path) is not None]
    return [key for key in stored if key is not None]


def file_names(folder: Path) -> frozenset[str]:
    """Return the names of the key files."""
    return frozenset(path.name for path in (folder / "keys").iterdir() if _parts(path) is not None)


def create(folder: Path, kind: str, used_from: dt.datetime) -> Path:
    """Create a key of *kind* that is used from *used_from* on, and return its file."""
    name = f"{kind}-{used_from.astimezone(dt.UTC).strftime(_TIME)}-{secrets.token_hex(4)}{SUFFIXES[kind]}"
    path = folder / "keys" / name
    write_new(path, kind)
    return path


def write_new(path: Path, kind: str) -> None:
    """Write a new key of *kind* to *path* unless it exists; of several processes one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_synced(draft, [_new_signing_key() if kind == SIGNING else secrets.token_bytes(32)], mode=0o600)
        # Another process may have been first; then its key is used.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


@dataclass(frozen=True)
class _Parts:
    kind: str
    used_from: dt.datetime


def _parts(path: Path) -> _Parts | None:
    """Return what the name of a key file says; None for another file."""
    match = _NAME.fullmatch(path.name)
    if match is None or match[3] != SUFFIXES[match[1]]:
        return None
    try:
        used_from = dt.datetime.strptime(match[2], _TIME).replace(tzinfo=dt.UTC) if match[2] else BEGINNING
    except ValueError:
        return None
    return _Parts(match[1], used_from)


def _read(path: Path) -> StoredKey | None:
    parts = _parts(path)
    if parts is None:
        return None
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None  # it was revoked or pruned in this moment
    if parts.kind == SIGNING:
        id = thumbprint(_parse(path, content).public_key())
    elif len(content) < 32:
        raise KeyDamaged(f"{path} is shorter than 32 bytes")
    else:
        id = hashlib.sha256(b"satchel: id of a secret\n" + content).hexdigest()[:16]
    return StoredKey(parts.kind, id, parts.used_from, path, content)


def _parse(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        signing = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        signing = None
    if not isinstance(signing, Ed25519PrivateKey):
        raise KeyDamaged(f"{path} is not an unencrypted Ed25519 key in PEM form")
    return signing


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def thumbprint(key: Ed25519PublicKey) -> str:
    """Return the RFC 7638 thumbprint of *key*."""
    x = base64url.encode(key.public_bytes_raw())
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return base64url.encode(hashlib.sha256(members.encode()).digest())
