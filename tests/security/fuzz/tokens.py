"""Targets: the cursor, JSON of others, access tokens, and proofs of possession."""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jwt
from hypothesis import strategies as st

from backend.identity import dpop, tokens
from backend.identity.dpop import NonceRequired, ProofInvalid
from backend.identity.key_ring import KeyRing
from backend.identity.tokens import TokenExpired, TokenInvalid
from sync_protocol import base64url
from sync_protocol.cursor import Cursor, CursorInvalid, Mark, decode_cursor
from sync_protocol.strict_json import NotStrictJson, decode
from tests.conftest import MONDAY
from tests.security.fuzz.inputs import json_bytes, mutated_bytes, mutated_json, mutated_text
from tests.security.fuzz.target import Check, Target, accepts, pure
from tests.unit.identity.test_access_tokens import CLAIMS
from tests.unit.identity.test_dpop import JWK, KEY, PAYLOAD, SECRETS, URL

CURSOR = Cursor("epoch", 7, {("everyone", "units"): Mark(7), ("rep:R1", "orders"): Mark(3, 6)})
ISSUER = "https://satchel.example"
SOUND_JSON = b'{"submissions": [{"id": "A", "n": 1.5, "of": null}, [], {"more": [true, "\\u00e9"]}]}'


def check_cursor(text: str) -> bool:
    """What the server writes from a cursor that it accepts, it reads as the same."""
    try:
        cursor = decode_cursor(text)
    except CursorInvalid:
        return False
    # A mark whose `as_of` is below its position means the same as one without, and is written so.
    written = cursor.encode()
    assert decode_cursor(written).encode() == written
    return True


def packed(text: str) -> str:
    """Return JSON as a cursor's text, so that what is inside is changed and not only its wrapping."""
    return base64url.encode(zlib.compress(text.encode("utf-8", "surrogatepass")))


CURSOR_VALUE = [1, "epoch", 7, 7, {"everyone": ["units", ["orders", 3, 6]], "rep:R1": [["orders", 3]]}]


def check_json(data: bytes) -> bool:
    """What is accepted is JSON by the standard's own reading, and written again it is the same value."""
    try:
        value = decode(data)
    except NotStrictJson:
        return False
    assert decode(json.dumps(value).encode()) == value
    return True


def _signed(header: Any, payload: Any, key: Any = KEY) -> str:
    """Return a compact JWS with a right signature over any *header* and *payload*."""
    text = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, payload))
    return f"{text}.{base64url.encode(key.sign(text.encode()))}"


PROOF_HEADER = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": JWK}
PROOF = _signed(PROOF_HEADER, PAYLOAD)


def check_proof(proof: str) -> bool:
    return accepts(
        (ProofInvalid, NonceRequired),
        lambda: dpop.verify(proof, method="POST", urls=[URL], secrets=SECRETS, now=MONDAY),
    )


@contextmanager
def _own_keys() -> Iterator[Check]:
    with TemporaryDirectory(prefix="satchel-fuzz-") as folder:
        ring = KeyRing(Path(folder))
        kid, key = ring.signing(MONDAY)

        def check(parts: tuple[Any, Any] | str) -> bool:
            """Text is tried as it is. A pair is signed by our own key, which no attacker has: a second wall."""
            token = parts if isinstance(parts, str) else _signed({**HEADER, "kid": kid}, parts[1], key)
            if not isinstance(parts, str) and parts[0] != HEADER:
                token = _signed(parts[0], parts[1], key)
            return accepts((TokenInvalid, TokenExpired), tokens.verify, ring, CLAIMS["iss"], token, MONDAY)

        yield check


HEADER = {"alg": "EdDSA", "typ": tokens.TYPE}
FOREIGN_TOKEN = jwt.encode(CLAIMS, KEY, algorithm="EdDSA", headers={**HEADER, "kid": "a"})

TARGETS = (
    pure(
        "cursor", mutated_text(CURSOR.encode()) | mutated_json(CURSOR_VALUE).map(json.dumps).map(packed)
        | mutated_bytes(zlib.compress(json.dumps(CURSOR_VALUE).encode())).map(base64url.encode),
        check_cursor,
    ),
    pure("json", json_bytes(json.loads(SOUND_JSON)) | mutated_bytes(SOUND_JSON), check_json),
    pure(
        "proof",
        mutated_text(PROOF)
        | st.builds(
            _signed,
            st.just(PROOF_HEADER) | mutated_json(PROOF_HEADER),
            st.just(PAYLOAD) | mutated_json(PAYLOAD),
        ),
        check_proof,
    ),
    Target(
        "access-token",
        mutated_text(FOREIGN_TOKEN)
        | st.tuples(st.just(HEADER) | mutated_json(HEADER), st.just(CLAIMS) | mutated_json(CLAIMS)),
        _own_keys,
    ),
)  # fmt: skip
