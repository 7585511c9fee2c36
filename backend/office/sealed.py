"""Keys of second factors are encrypted with a key in the installation's folder, beside the database, not in it.

So a backup of the database alone does not contain what makes codes. Without the file every second factor must
be set up again; the recovery codes still work.
"""

import base64
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.files import make_private_folder
from backend.identity import keys

FILE = "office.secret"
NONCE_BYTES = 12


class SealBroken(RuntimeError):
    """The text was encrypted with another key, or for another account."""


def seal(folder: Path, account: str, content: bytes) -> str:
    """Return *content* encrypted for *account*, with the key in *folder*, which is created if it is missing."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(_key(folder)).encrypt(nonce, content, account.encode())).decode()


def unseal(folder: Path, account: str, sealed: str) -> bytes:
    """Return the content of what `seal` returned for *account*. Raises `SealBroken`."""
    raw = base64.b64decode(sealed)
    try:
        return AESGCM(_key(folder)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], account.encode())
    except InvalidTag:
        raise SealBroken(f"the second factor of {account} was encrypted with another key than {FILE}") from None


def _key(folder: Path) -> bytes:
    path = folder / "keys" / FILE
    if not path.exists():
        make_private_folder(path.parent)
        keys.write_new(path, keys.REFRESH)
    return path.read_bytes()
