"""Access tokens: only tokens that this installation signed for this purpose are accepted."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.clock import ManualClock
from backend.identity import keys, tokens
from backend.identity.keys import Keys
from backend.identity.models import Device
from tests.conftest import MONDAY
from tests.unit.api.installation import b64
from tests.unit.identity.conftest import ISSUER

DEVICE = Device(id="D1", rep="R1", version=3, refresh_generation=1)
NOW = int(MONDAY.timestamp())
CLAIMS = {
    "iss": ISSUER,
    "aud": tokens.AUDIENCE,
    "exp": NOW + 900,
    "iat": NOW,
    "sub": "R1",
    "jti": "j",
    "did": "D1",
    "dver": 3,
}


def signed(own: Keys, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
    """Return a token with a good Ed25519 signature, whatever it says; libraries refuse to make some."""
    head = {"alg": "EdDSA", "kid": own.kid, "typ": tokens.TYPE, **header}
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64((key or own.signing).sign(text.encode()))}"


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """Return a token that a library would refuse to make."""
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{b64(mac)}"


def refused(own: Keys, token: str) -> None:
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(own, ISSUER, token, MONDAY)


def test_a_token_says_who_speaks(own_keys: Keys) -> None:
    token = tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).access_token
    assert tokens.verify(own_keys, ISSUER, token, MONDAY) == tokens.Claims(
        "R1", "D1", 3, int(MONDAY.timestamp()), int(MONDAY.timestamp()) + 900
    )
    assert signed(own_keys, CLAIMS)
    assert tokens.verify(own_keys, ISSUER, signed(own_keys, CLAIMS), MONDAY).rep == "R1"


def test_a_token_lives_fifteen_minutes_and_a_minute_of_leeway(own_keys: Keys, clock: ManualClock) -> None:
    token = tokens.issue(own_keys, ISSUER, DEVICE, clock.now()).access_token
    clock.advance(minutes=15, seconds=59)
    assert tokens.verify(own_keys, ISSUER, token, clock.now())
    clock.advance(seconds=1)
    with pytest.raises(tokens.TokenExpired):
        tokens.verify(own_keys, ISSUER, token, clock.now())


@pytest.mark.parametrize("claim", tokens.REQUIRED)
def test_every_claim_is_required(own_keys: Keys, claim: str) -> None:
    refused(own_keys, signed(own_keys, {name: value for name, value in CLAIMS.items() if name != claim}))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"aud": [tokens.AUDIENCE, "other"]},
        {"iat": NOW + 3600},
        {"exp": True},
        {"exp": "never"},
        {"exp": 1e300},
        {"dver": "3"},
        {"dver": True},
        {"did": 7},
        {"sub": ["R1"]},
        {"jti": None},
    ],
    ids=repr,
)
def test_a_claim_of_another_meaning_or_form_is_refused(own_keys: Keys, change: dict[str, Any]) -> None:
    refused(own_keys, signed(own_keys, {**CLAIMS, **change}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(own_keys: Keys, algorithm: str) -> None:
    refused(own_keys, by_hand({"alg": algorithm, "kid": own_keys.kid, "typ": tokens.TYPE}, CLAIMS))


def test_the_public_key_is_no_secret_to_sign_with(own_keys: Keys) -> None:
    public = own_keys.verifying
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, public.public_bytes_raw(), b64(public.public_bytes_raw()).encode()):
        refused(own_keys, by_hand({"alg": "HS256", "kid": own_keys.kid, "typ": tokens.TYPE}, CLAIMS, secret))


def test_a_key_that_the_token_brings_along_is_not_looked_at(own_keys: Keys) -> None:
    thief = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(thief.public_key().public_bytes_raw())}
    for header in ({}, {"jwk": jwk}, {"jku": "http://127.0.0.1/keys"}, {"x5u": "http://127.0.0.1/x"}):
        refused(own_keys, signed(own_keys, CLAIMS, thief, **header))
    es256 = generate_private_key(SECP256R1())
    refused(own_keys, jwt.encode(CLAIMS, es256, "ES256", {"kid": own_keys.kid, "typ": tokens.TYPE}))


@pytest.mark.parametrize("kid", ["", "../../etc/passwd", "' OR 1=1 --", "x" * 100_000, None])
def test_another_key_id_is_refused(own_keys: Keys, kid: Any) -> None:
    header = {"alg": "EdDSA", "kid": kid, "typ": tokens.TYPE}
    good = signed(own_keys, CLAIMS)
    refused(own_keys, f"{b64(json.dumps(header).encode())}.{good.split('.')[1]}.{good.split('.')[2]}")


def test_a_token_of_another_purpose_is_refused(own_keys: Keys) -> None:
    refused(own_keys, signed(own_keys, CLAIMS, typ="JWT"))
    refused(own_keys, signed(own_keys, CLAIMS, crit=["exp"]))
    refused(own_keys, tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).refresh_token)


def test_a_changed_token_is_refused(own_keys: Keys) -> None:
    head, _, signature = signed(own_keys, CLAIMS).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "R2"}).encode()).decode().rstrip("=")
    refused(own_keys, f"{head}.{other}.{signature}")


@given(st.text(max_size=200))
def test_garbage_is_refused_and_breaks_nothing(text: str) -> None:
    refused(GARBAGE_KEYS, text)


GARBAGE_KEYS = Keys(signing=Ed25519PrivateKey.generate(), refresh_secret=b"x" * 32, kid="k")


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first, second = keys.load(tmp_path), keys.load(tmp_path)
    assert (first.kid, first.refresh_secret) == (second.kid, second.refresh_secret)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert len(list((tmp_path / "keys").iterdir())) == 2


def test_a_new_signing_key_makes_old_access_tokens_invalid(tmp_path: Path) -> None:
    token = tokens.issue(keys.load(tmp_path), ISSUER, DEVICE, MONDAY).access_token
    (tmp_path / "keys" / "signing.pem").unlink()
    refused(keys.load(tmp_path), token)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_file_is_named(tmp_path: Path, content: bytes) -> None:
    keys.load(tmp_path)
    (tmp_path / "keys" / "signing.pem").write_bytes(content)
    with pytest.raises(keys.KeyDamaged, match=r"signing\.pem"):
        keys.load(tmp_path)


def test_keys_do_not_show_themselves(own_keys: Keys) -> None:
    assert own_keys.refresh_secret.hex() not in repr(own_keys)
    assert "refresh_secret" not in repr(own_keys)
