"""What the tiny device keeps, in one file of JSON, and the error that stops a sync."""

import copy
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Json = dict[str, Any]
NEW: Json = {
    "key": None, "code": None, "session": None, "rep": None, "cursor": None, "etag": None, "epoch": None,
    "fresh": False, "rows": {}, "docs": {}, "receipts": {}, "offers": [], "then": None, "applied": [],
    "parts": {}, "check": None, "verified": True, "server_time": None, "skew": 0.0, "refetched": None,
    "limit": None, "wiped": None,
}  # fmt: skip


def by_code_points(value: Any) -> bytes:
    """Return JSON that is nearly canonical: names are sorted by code points, not by UTF-16 code units."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Trouble(Exception):
    """The sync stops here; nothing of the reply was used."""

    def __init__(
        self,
        message: str,
        status: int = 0,
        code: str = "",
        wipe: bool = False,
        nonce: str | None = None,
        wipe_order: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.wipe, self.nonce = status, code, wipe, nonce
        self.wipe_order = wipe_order


class Stored:
    """The state of a device in its folder, and the rules that it breaks."""

    def __init__(self, faults: frozenset[str] = frozenset(), revision: int = 2) -> None:
        self.faults = faults
        self.revision = revision
        self.file = Path()
        self.state: Json = {}

    def breaks(self, *rules: str) -> bool:
        return any(rule in self.faults for rule in rules)

    def save(self) -> None:
        written = self.file.with_suffix(f".{id(self)}")
        written.write_text(json.dumps(self.state))
        written.replace(self.file)

    def load(self) -> Json:
        stored: Json = json.loads(self.file.read_text()) if self.file.exists() else copy.deepcopy(NEW)
        return stored

    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.state["key"]))
