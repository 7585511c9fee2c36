"""Access tokens: only tokens that this installation signed for this purpose are accepted."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.identity import tokens
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from tests.conftest import MONDAY
from tests.unit.api.installation import b64
from tests.unit.identity.conftest import ISSUER

JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": b64(Ed25519PrivateKey.from_private_bytes(b"\x05" * 32).public_key().public_bytes_raw()),
}
DEVICE = Device(
    id="D1",
    rep="R1",
    version=3,
    public_key=JWK,
    refresh_family=1,
    refresh_generation=1,
    family_began_at=MONDAY,
)
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


def signed(own: KeyRing, payload: dict[str, Any], key: Any = None, **header: Any) -> str:
    """Return a token with a good Ed25519 signature, whatever it says; libraries refuse to make some."""
    kid, private = own.signing(MONDAY)
    head = {"alg": "EdDSA", "kid": kid, "typ": tokens.TYPE, **header}
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(payload).encode())}"
    return f"{text}.{b64((key or private).sign(text.encode()))}"


def refused(own: KeyRing, token: str) -> None:
    with pytest.raises(tokens.TokenInvalid):
        tokens.verify(own, ISSUER, token, MONDAY)


def test_an_access_token_names_rep_and_device(own_keys: KeyRing) -> None:
    token = tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).access_token
    assert tokens.verify(own_keys, ISSUER, token, MONDAY) == tokens.AccessToken(
        "R1", "D1", 3, int(MONDAY.timestamp()), int(MONDAY.timestamp()) + 900, own_keys.signing(MONDAY)[0]
    )
    assert signed(own_keys, CLAIMS)
    assert tokens.verify(own_keys, ISSUER, signed(own_keys, CLAIMS), MONDAY).rep == "R1"


def test_a_token_lives_fifteen_minutes_and_a_minute_of_leeway(own_keys: KeyRing, clock: ManualClock) -> None:
    token = tokens.issue(own_keys, ISSUER, DEVICE, clock.now()).access_token
    clock.advance(minutes=15, seconds=59)
    assert tokens.verify(own_keys, ISSUER, token, clock.now())
    clock.advance(seconds=1)
    with pytest.raises(tokens.TokenExpired):
        tokens.verify(own_keys, ISSUER, token, clock.now())


@pytest.mark.parametrize("claim", tokens.REQUIRED)
def test_every_claim_is_required(own_keys: KeyRing, claim: str) -> None:
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
def test_a_claim_of_another_meaning_or_form_is_refused(own_keys: KeyRing, change: dict[str, Any]) -> None:
    refused(own_keys, signed(own_keys, {**CLAIMS, **change}))


def test_a_token_of_another_purpose_is_refused(own_keys: KeyRing) -> None:
    refused(own_keys, signed(own_keys, CLAIMS, typ="JWT"))
    refused(own_keys, signed(own_keys, CLAIMS, crit=["exp"]))
    refused(own_keys, tokens.issue(own_keys, ISSUER, DEVICE, MONDAY).refresh_token)


def test_a_changed_token_is_refused(own_keys: KeyRing) -> None:
    head, _, signature = signed(own_keys, CLAIMS).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "R2"}).encode()).decode().rstrip("=")
    refused(own_keys, f"{head}.{other}.{signature}")
