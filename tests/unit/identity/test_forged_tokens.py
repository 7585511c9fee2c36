"""Forged access tokens: each way to make a token without our key is refused, and none by an exception."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.identity import tokens
from backend.identity.key_ring import KeyRing
from tests.conftest import MONDAY
from tests.examples import with_shared_fixtures
from tests.unit.api.installation import b64
from tests.unit.identity.test_access_tokens import CLAIMS, refused, signed

THIEF = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
THIEF_JWK = {"kty": "OKP", "crv": "Ed25519", "x": b64(THIEF.public_key().public_bytes_raw())}
ES256 = generate_private_key(SECP256R1())
RS256 = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def segment(value: Any) -> str:
    return b64(json.dumps(value).encode())


def unsigned(own: KeyRing, signature: bytes = b"", **header: Any) -> str:
    """Return a token with *signature*, and with our own key id."""
    head = {"alg": "EdDSA", "kid": own.signing(MONDAY)[0], "typ": tokens.TYPE, **header}
    return f"{segment(head)}.{segment(CLAIMS)}.{b64(signature)}"


def hmac_signed(own: KeyRing, secret: bytes) -> str:
    """Return a token signed by HMAC with *secret*."""
    head = segment({"alg": "HS256", "kid": own.signing(MONDAY)[0], "typ": tokens.TYPE})
    text = f"{head}.{segment(CLAIMS)}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def public_pem(own: KeyRing) -> bytes:
    public = own.signing(MONDAY)[1].public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_raw(own: KeyRing) -> bytes:
    return own.signing(MONDAY)[1].public_key().public_bytes_raw()


def library_signed(own: KeyRing, key: Any, algorithm: str) -> str:
    return jwt.encode(CLAIMS, key, algorithm, {"kid": own.signing(MONDAY)[0], "typ": tokens.TYPE})


def parts(own: KeyRing) -> list[str]:
    return signed(own, CLAIMS).split(".")


FORGED: dict[str, Callable[[KeyRing], str]] = {
    "alg none": lambda own: unsigned(own, alg="none"),
    "alg None": lambda own: unsigned(own, alg="None"),
    "alg NONE": lambda own: unsigned(own, alg="NONE"),
    "alg empty": lambda own: unsigned(own, alg=""),
    "alg null": lambda own: unsigned(own, alg=None),
    "alg list": lambda own: unsigned(own, alg=["EdDSA", "none"]),
    "alg Ed25519 with our signature": lambda own: signed(own, CLAIMS, alg="Ed25519"),
    "no signature": lambda own: unsigned(own),
    "zero signature": lambda own: unsigned(own, bytes(64)),
    "signature of another length": lambda own: unsigned(own, bytes(63)),
    "public key in PEM as HMAC secret": lambda own: hmac_signed(own, public_pem(own)),
    "public key in raw bytes as HMAC secret": lambda own: hmac_signed(own, public_raw(own)),
    "public key in base64url as HMAC secret": lambda own: hmac_signed(own, b64(public_raw(own)).encode()),
    "key id as HMAC secret": lambda own: hmac_signed(own, own.signing(MONDAY)[0].encode()),
    "empty HMAC secret": lambda own: hmac_signed(own, b""),
    "ES256 with another key": lambda own: library_signed(own, ES256, "ES256"),
    "RS256 with another key": lambda own: library_signed(own, RS256, "RS256"),
    "another Ed25519 key": lambda own: signed(own, CLAIMS, THIEF),
    "another key, which is in jwk": lambda own: signed(own, CLAIMS, THIEF, jwk=THIEF_JWK),
    "another key, which is at jku": lambda own: signed(own, CLAIMS, THIEF, jku="http://127.0.0.1/keys"),
    "another key, which is at x5u": lambda own: signed(own, CLAIMS, THIEF, x5u="http://127.0.0.1/x"),
    "another key, which is in x5c": lambda own: signed(own, CLAIMS, THIEF, x5c=["MIIB"]),
    "our signature and jwk": lambda own: signed(own, CLAIMS, jwk=THIEF_JWK),
    "our signature and crit": lambda own: signed(own, CLAIMS, crit=["exp"]),
    "our signature and b64 false": lambda own: signed(own, CLAIMS, crit=["b64"], b64=False),
    "our signature and zip": lambda own: signed(own, CLAIMS, zip="DEF"),
    "another type": lambda own: signed(own, CLAIMS, typ="JWT"),
    "the type of a proof": lambda own: signed(own, CLAIMS, typ="dpop+jwt"),
    "no type": lambda own: signed(own, CLAIMS, typ=None),
    "another payload with our signature": lambda own: ".".join(
        (parts(own)[0], segment({**CLAIMS, "sub": "R2"}), parts(own)[2])
    ),
    "no payload": lambda own: ".".join((parts(own)[0], "", parts(own)[2])),
    "four parts": lambda own: signed(own, CLAIMS) + ".x",
    "two parts": lambda own: ".".join(parts(own)[:2]),
    "a header that is a list": lambda own: ".".join((segment([]), *parts(own)[1:])),
    "a deep header": lambda own: ".".join((b64(b"[" * 2000), *parts(own)[1:])),
    "JSON serialization": lambda own: json.dumps({"payload": parts(own)[1], "signature": parts(own)[2]}),
}

HOSTILE_KIDS = [
    "", "..", "../../../../etc/passwd", "/dev/null", "signing.pem", "keys/signing.pem", "' OR 1=1 --",
    "1; DROP TABLE device", "http://127.0.0.1/key", "file:///etc/passwd", "\x00", "é", " ", "a b", "x" * 65,
    None, 0, True, [], {}, ["x"],
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(own_keys: KeyRing, forge: Callable[[KeyRing], str]) -> None:
    refused(own_keys, forge(own_keys))


@pytest.mark.parametrize("kid", HOSTILE_KIDS, ids=repr)
def test_a_hostile_key_id_is_refused(own_keys: KeyRing, kid: Any) -> None:
    refused(own_keys, signed(own_keys, CLAIMS, kid=kid))
    refused(own_keys, signed(own_keys, CLAIMS, THIEF, kid=kid))


def test_a_header_of_a_megabyte_is_refused_before_it_is_parsed(
    own_keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(own_keys, CLAIMS, kid="x" * 1_000_000)
    monkeypatch.setattr(tokens.jwt, "get_unverified_header", lambda token: pytest.fail("it was parsed"))
    refused(own_keys, token)


def test_a_refresh_token_is_no_access_token(own_keys: KeyRing) -> None:
    refused(own_keys, "sr2.D1.1.1." + "A" * 43)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=3)


@given(st.text(max_size=200) | st.dictionaries(st.text(max_size=8), JSON, max_size=4).map(segment))
@with_shared_fixtures()
def test_whatever_is_sent_is_refused_as_invalid(own_keys: KeyRing, text: str) -> None:
    refused(own_keys, text)
    refused(own_keys, f"{text}.{segment(CLAIMS)}.AA")


@given(
    st.dictionaries(
        st.sampled_from(["jku", "jwk", "x5u", "x5c", "crit", "cty", "zip", "enc"]), JSON, min_size=1
    )
)
@with_shared_fixtures()
def test_a_member_that_our_headers_do_not_have_is_refused(own_keys: KeyRing, more: dict[str, Any]) -> None:
    refused(own_keys, signed(own_keys, CLAIMS, **more))
