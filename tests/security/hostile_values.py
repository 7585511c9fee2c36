"""Values that no honest app sends, and ways to damage bytes, texts and JSON."""

import copy
import json
import random
from typing import Any

from sync_protocol.cursor import Cursor, CursorInvalid, Mark, decode_cursor

TEXTS = (
    "", " ", "\x00", "\ud800", "\u202e", "\ufeff", "a" * 5_000, "../../etc/passwd", "%00", "%",
    "'; DROP TABLE x;--", "<img src=x onerror=alert(1)>", "{{7*7}}", "${jndi:ldap://x}", "-1", "0",
    "9" * 400, "1e400", "NaN", "null",
    "everyone", "rep:R2", "territory:SE", "C2", "R2", "=1+1", "\r\nSet-Cookie: a=b", "İ", "١٢",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**300, [], {}, [[]], [None],
    {"": 0}, {"\x00": 1}, *TEXTS,
)  # fmt: skip
CONTENT_TYPES = (
    "", "text/plain", "application/json; charset=utf-16", "application/json;charset",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "application/offset+octet-stream", "application/json",
    "a/b/c", "application/problem+json", "application/json, text/html",
)  # fmt: skip


def json_like(chance: random.Random, depth: int = 3) -> Any:
    """Return any JSON value of at most *depth* levels."""
    if depth == 0 or chance.random() < 0.6:
        return copy.deepcopy(chance.choice(VALUES))
    if chance.random() < 0.5:
        return [json_like(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(TEXTS)[:40]: json_like(chance, depth - 1) for _ in range(chance.randrange(4))}


def damaged_json(chance: random.Random, value: Any) -> Any:
    """Return a copy of *value* with one to three values replaced, removed, added, repeated or wrapped."""
    root = [copy.deepcopy(value)]
    for _ in range(chance.randrange(1, 4)):
        node: Any = root
        key: Any = 0
        while isinstance(node[key], (dict, list)) and node[key] and chance.random() < 0.8:
            node = node[key]
            key = chance.choice([*node]) if isinstance(node, dict) else chance.randrange(len(node))
        match chance.randrange(6):
            case 0:
                node[key] = json_like(chance)
            case 1 if node is not root:
                del node[key]
                if not node:
                    break
            case 2 if isinstance(node, dict):
                node[chance.choice(TEXTS)[:40]] = json_like(chance)
            case 3:
                node[key] = [copy.deepcopy(node[key]) for _ in range(chance.randrange(1, 30))]
            case 4 if isinstance(node[key], str):
                node[key] = damaged_text(chance, node[key])
            case _:
                node[key] = copy.deepcopy(chance.choice(VALUES))
    return root[0] if root else None


def damaged_text(chance: random.Random, text: str) -> str:
    """Return *text* with a part changed, cut, doubled or replaced."""
    if not text or chance.random() < 0.2:
        return chance.choice(TEXTS)
    at = chance.randrange(len(text))
    match chance.randrange(4):
        case 0:
            return text[:at] + chr(chance.choice((0, 10, 34, 92, 127, 0xE9, 0x2028, 0x1F600))) + text[at + 1 :]
        case 1:
            return text[:at]
        case 2:
            return text[:at] + text
        case _:
            return text[:at] + chance.choice(TEXTS) + text[at:]


def damaged_bytes(chance: random.Random, data: bytes) -> bytes:
    """Return *data* with bits flipped, cut, or bytes inserted."""
    changed = bytearray(data or b"{}")
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(changed)) if changed else 0
        match chance.randrange(4):
            case 0 if changed:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at:]
            case 2:
                changed[at:at] = chance.randbytes(chance.randrange(1, 20))
            case _:
                changed[at:at] = chance.choice((b"[", b"{", b'"', b"\\u", b"1e9", b"\xff", b"\x00")) * 40
    return bytes(changed)


def to_bytes(value: Any) -> bytes:
    """Return *value* as JSON; lone surrogates are written as escapes."""
    return json.dumps(value).encode()


def tampered_cursor(chance: random.Random, text: str) -> str:
    """Return *text* damaged, or a well-formed cursor that claims other streams, positions or another epoch."""
    try:
        cursor = decode_cursor(text)
    except CursorInvalid:
        return damaged_text(chance, text)
    if chance.random() < 0.3:
        return damaged_text(chance, text)
    marks = dict(cursor.marks)
    channels = ("everyone", "territory:SE", "territory:NW", "rep:R2", "rep:R1", "warehouse:W2", "nowhere")
    for _ in range(chance.randrange(1, 5)):
        stream = (
            chance.choice(channels),
            chance.choice(("customers", "orders", "submissions", "products", "zzz")),
        )
        marks[stream] = Mark(chance.choice((0, 1, 5, 2**40, 2**53 - 1)), chance.choice((0, 3, 2**53 - 1)))
    epoch = chance.choice((cursor.epoch, cursor.epoch, "", "other", "\x00"))
    return Cursor(epoch, chance.choice((0, cursor.seen, 2**53 - 1)), marks).encode()
