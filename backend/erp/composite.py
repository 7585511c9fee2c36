"""Keys that a connector makes from several values, or from a name. Different values always give different keys.

A character that would make two keys equal is percent-encoded. A key that would be too long ends in a digest.
"""

import hashlib
from collections.abc import Iterable

from sync_protocol.wire_field import is_printable

LONGEST_KEY = 64
DIGEST = 40
"""Hexadecimal digits of a sha256 that replace what does not fit."""


def composite_key(parts: Iterable[str], separator: str) -> str:
    """Return *parts* as one key, joined by *separator*: `list/C%2F1/piece` for `list`, `C/1` and `piece`."""
    joined = separator.join(_without(part, f"%{separator}") for part in parts)
    # A joined key contains the separator, and a digest does not, so the two never meet.
    return joined if len(joined) <= LONGEST_KEY else hashlib.sha256(joined.encode()).hexdigest()[:DIGEST]


def key_of_name(name: str) -> str:
    """Return *name* as a key: `Nord%20West` for `Nord West`.

    Characters that a key cannot have are percent-encoded, and the percent sign too.
    """
    key = "".join(
        character
        if is_printable(character) and character <= "\ufffd" and character != "%"
        else _encoded(character)
        for character in name
    )
    # An encoded name has two hexadecimal digits after each percent sign, so it never contains "%~".
    return (
        key if len(key) <= LONGEST_KEY else f"{key[:20]}%~{hashlib.sha256(key.encode()).hexdigest()[:DIGEST]}"
    )


def _without(part: str, characters: str) -> str:
    return "".join(_encoded(character) if character in characters else character for character in part)


def _encoded(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
