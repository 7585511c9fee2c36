"""Checksums: the hash of a row, and the count and sum of the rows of a stream.

The hash of a row is the first 64 bits of the SHA-256 of the canonical JSON of `[collection, key, record]`. A
device computes it from the parsed record, never from the bytes in transit: column-major segments and JSON
parsers do not keep a record's bytes. A stream's checksum is the count of its live rows and the sum of their
hashes modulo 2^64. So publishing one row needs one addition, and two equal hashes do not cancel out as they
would with XOR.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Self, TypedDict

from sync_protocol.canonical import canonical

MODULUS = 2**64


class ChecksumJson(TypedDict):
    """A checksum on the wire (`ChecksumSchema`)."""

    count: int
    sum: str
    """16 hexadecimal digits."""


def row_hash(collection: str, key: str, body: str) -> int:
    """Return the hash, 0 to 2^64 - 1, of the record whose canonical JSON is *body*."""
    digest = hashlib.sha256(f'["{collection}",{encode_basestring(key)},{body}]'.encode()).digest()
    return int.from_bytes(digest[:8], "big")


def record_hash(collection: str, key: str, record: Any) -> int:
    """Return the hash of *record*; raises `NotCanonical` if it has no canonical JSON."""
    return row_hash(collection, key, canonical(record).decode())


def hash_text(value: int) -> str:
    """Return a hash or a sum in its wire form: 16 hexadecimal digits."""
    return f"{value % MODULUS:016x}"


def signed(value: int) -> int:
    """Return *value* modulo 2^64 as a signed 64-bit integer, the type that databases have."""
    value %= MODULUS
    return value - MODULUS if value >= MODULUS // 2 else value


@dataclass(frozen=True)
class Checksum:
    """The number of rows, and the sum of their hashes modulo 2^64."""

    count: int = 0
    sum: int = 0

    def __add__(self, other: "Checksum") -> "Checksum":
        return Checksum(self.count + other.count, (self.sum + other.sum) % MODULUS)

    @classmethod
    def of(cls, hashes: Iterable[int]) -> Self:
        """Return the checksum of the rows with these hashes."""
        count = total = 0
        for value in hashes:
            count += 1
            total += value
        return cls(count, total % MODULUS)

    @classmethod
    def total(cls, parts: "Iterable[Checksum]") -> "Checksum":
        """Return the checksum of several streams together."""
        total = cls()
        for part in parts:
            total += part
        return total

    def as_wire(self) -> ChecksumJson:
        """Return the wire form of the checksum: `{"count": 3, "sum": "00000000000000ff"}`."""
        return {"count": self.count, "sum": hash_text(self.sum)}
