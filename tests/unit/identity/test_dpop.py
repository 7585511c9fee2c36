"""Proofs (DPoP): each is for one method, address, time, nonce and key; keys that nobody can own are refused."""

import datetime as dt
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.identity import device_keys, dpop, ed25519_points, proof_nonces
from backend.identity.dpop import NonceRequired, ProofInvalid
from tests.conftest import MONDAY
from tests.unit.api.installation import b64, sign_proof

SECRETS = [b"a" * 32]
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
JWK = {"kty": "OKP", "crv": "Ed25519", "x": b64(KEY.public_key().public_bytes_raw())}
NOW = int(MONDAY.timestamp())
URL = "https://satchel.example/v1/token"
PAYLOAD: dict[str, Any] = {
    "jti": "1",
    "htm": "POST",
    "htu": URL,
    "iat": NOW,
    "nonce": proof_nonces.issue(SECRETS, MONDAY),
}


def verify(proof: str | None, now: dt.datetime = MONDAY, secrets: list[bytes] = SECRETS) -> dpop.Proof:
    return dpop.verify(proof, method="POST", urls=[URL], secrets=secrets, now=now)


def signed(**changed: Any) -> str:
    return sign_proof({name: v for name, v in (PAYLOAD | changed).items() if v is not ...}, KEY)


def test_a_proof_states_its_key_and_time() -> None:
    proof = verify(signed())
    assert (proof.key, proof.id, proof.nonce_time) == (JWK, "1", NOW)
    assert proof.thumbprint == device_keys.thumbprint(JWK)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"htm": "GET"}, ProofInvalid, "htm must be POST"),
        ({"htm": "post"}, ProofInvalid, "htm must be POST"),
        ({"htm": ...}, ProofInvalid, "htm must be POST"),
        ({"htu": "https://satchel.example/v1/enrol"}, ProofInvalid, "htu must be https://satchel.example"),
        ({"htu": "http://satchel.example/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://satchel.example:8443/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://satchel.example.evil.example/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://satchel.example@evil.example/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://evil.example/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://satchel.example/V1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://[::1/v1/token"}, ProofInvalid, "htu"),
        ({"htu": "https://satchel.example:x/v1/token"}, ProofInvalid, "htu"),
        ({"htu": 7}, ProofInvalid, "htu"),
        ({"htu": ...}, ProofInvalid, "htu"),
        ({"jti": ""}, ProofInvalid, "jti"),
        ({"jti": "x" * 129}, ProofInvalid, "jti"),
        ({"jti": "a\nb"}, ProofInvalid, "jti"),
        ({"jti": 1}, ProofInvalid, "jti|compact"),
        ({"jti": ...}, ProofInvalid, "jti"),
        ({"iat": ...}, ProofInvalid, "iat"),
        ({"iat": str(NOW)}, ProofInvalid, "iat"),
        ({"iat": True}, ProofInvalid, "iat"),
        ({"iat": NOW - 301}, NonceRequired, "take it from the nonce"),
        ({"iat": NOW + 301}, NonceRequired, "take it from the nonce"),
        ({"iat": 0}, NonceRequired, "take it from the nonce"),
        ({"iat": 10**30}, NonceRequired, "take it from the nonce"),
        ({"nonce": ...}, NonceRequired, "needs a nonce"),
        ({"nonce": 7}, NonceRequired, "needs a nonce"),
        ({"nonce": ""}, NonceRequired, "needs a nonce"),
        ({"nonce": f"{NOW}.AAAAAAAAAAAAAAAAAAAAAA"}, NonceRequired, "needs a nonce"),
        ({"nonce": PAYLOAD["nonce"].replace(str(NOW), str(NOW + 1))}, NonceRequired, "needs a nonce"),
        ({"nonce": f"0{PAYLOAD['nonce']}"}, NonceRequired, "needs a nonce"),
        ({"nonce": f"{PAYLOAD['nonce']}\ud800"}, NonceRequired, "needs a nonce"),
    ],
    ids=repr,
)
def test_a_proof_for_something_else_is_refused(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        verify(signed(**changed))


@pytest.mark.parametrize(
    "htu",
    [
        URL,
        "HTTPS://SATCHEL.EXAMPLE/v1/token",
        "https://satchel.example:443/v1/token",
        f"{URL}?a=1",
        f"{URL}#a",
    ],
)
def test_an_address_may_be_written_in_other_ways(htu: str) -> None:
    assert verify(signed(htu=htu))


def test_the_names_of_this_machine_are_one_and_no_other_machine() -> None:
    for url in ("http://localhost:1/v1/token", "http://127.0.0.1:8000/v1/token", "http://[::1]/v1/token"):
        assert dpop.normalised_url(url) == "http://localhost/v1/token"
    assert dpop.normalised_url("http://localhost.evil.example/v1/token") != "http://localhost/v1/token"
    assert dpop.normalised_url("http://192.168.0.1:8000/v1/token") == "http://192.168.0.1:8000/v1/token"


@pytest.mark.parametrize("seconds", [-60, 0, 299])
def test_a_nonce_is_accepted_for_five_minutes_by_all_nodes(seconds: int) -> None:
    assert verify(signed(), MONDAY + dt.timedelta(seconds=seconds))
    assert verify(signed(), MONDAY, [b"new" * 11, *SECRETS]), "another secret is used since"


@pytest.mark.parametrize("seconds", [-61, 300, 86_400])
def test_an_old_nonce_is_replaced(seconds: int) -> None:
    with pytest.raises(NonceRequired):
        verify(signed(), MONDAY + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "at+jwt"},
        {"kid": "1"},
        {"crit": ["exp"]},
        {"jku": "http://127.0.0.1/"},
        {"x5u": "http://127.0.0.1/"},
        {"x5c": ["MIIB"]},
        {"b64": False, "crit": ["b64"]},
        {"jwk": None},
        {"jwk": "text"},
        {"jwk": {**JWK, "d": b64(b"\x01" * 32)}},
        {"jwk": {**JWK, "x": b64(Ed25519PrivateKey.generate().public_key().public_bytes_raw())}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "RSA", "n": "AAAA", "e": "AQAB"}},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_proof_with_another_header_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(ProofInvalid):
        verify(sign_proof(PAYLOAD, KEY, **header))


def test_a_proof_without_a_signature_of_its_key_is_refused() -> None:
    head, payload, signature = signed().split(".")
    header = {"typ": "dpop+jwt", "jwk": JWK}
    forged = [
        None,
        "",
        "a.b.c",
        f"{head}.{payload}.",
        f"{head}.{payload}.{b64(bytes(64))}",
        f"{head}.{b64(json.dumps({**PAYLOAD, 'jti': '2'}).encode())}.{signature}",
        f"{signed()},{signed()}",
        jwt.encode(PAYLOAD, None, algorithm="none", headers=header),
        jwt.encode(PAYLOAD, "x" * 32, algorithm="HS256", headers=header),
        signed(jti="x" * 5000),
    ]
    for proof in forged:
        with pytest.raises(ProofInvalid):
            verify(proof)


@given(st.text(max_size=300) | st.binary(max_size=100).map(b64))
def test_whatever_is_sent_as_a_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofInvalid):
        verify(text)
    with pytest.raises(ProofInvalid):
        verify(f"{text}.{text}.{text}")


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


P = ed25519_points.P
INVALID_KEYS = {
    **{
        f"small order {point.hex()[:8]}{point.hex()[-2:]}": point
        for point in sorted(ed25519_points.SMALL_ORDER)
    },
    **{f"not canonical: p + {n}, {sign}": encoded(P + n, sign) for n in range(19) for sign in (0, 1)},
    "not canonical: 1 with a sign": encoded(1, 1),
    "not canonical: -1 with a sign": encoded(P - 1, 1),
    "no point: 2": encoded(2),
    "no point: 7": encoded(7),
}


@pytest.mark.parametrize("point", INVALID_KEYS.values(), ids=INVALID_KEYS)
def test_a_key_that_nobody_can_own_is_refused(point: bytes) -> None:
    with pytest.raises(device_keys.KeyRefused):
        device_keys.normalised({"kty": "OKP", "crv": "Ed25519", "x": b64(point)})


def test_a_signature_under_a_small_order_key_needs_no_private_key() -> None:
    """Why they are refused: under the neutral point R = the neutral point and S = 0 sign every message."""
    neutral = encoded(1)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(neutral)}
    head = b64(json.dumps({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}).encode())
    text = f"{head}.{b64(json.dumps(PAYLOAD).encode())}"
    with pytest.raises(ProofInvalid, match="small order"):
        verify(f"{text}.{b64(neutral + bytes(32))}")


@given(st.binary(min_size=32, max_size=32))
def test_every_honest_key_is_accepted(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert ed25519_points.fault(public) is None


def test_the_table_has_exactly_the_points_whose_order_divides_eight() -> None:
    """Doubling three times gives the neutral point (0, 1); the table's points are the only such encodings."""
    for point in ed25519_points.SMALL_ORDER:
        x, y = decoded(point)
        for _ in range(3):
            x, y = doubled(x, y)
        assert (x, y) == (0, 1)
    assert len(ed25519_points.SMALL_ORDER) == 8


D = -121665 * pow(121666, -1, P) % P


def decoded(point: bytes) -> tuple[int, int]:
    value = int.from_bytes(point, "little")
    y, sign = value & ~(1 << 255), value >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return (P - x if x % 2 != sign and x else x), y


def doubled(x: int, y: int) -> tuple[int, int]:
    """Return twice the point, by the addition law of RFC 8032, section 5.1.4."""
    product = D * x * x * y * y % P
    return 2 * x * y * pow(1 + product, -1, P) % P, (y * y + x * x) * pow(1 - product, -1, P) % P


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\xff" * 32), "y": b64(b"\x01" * 32)},
        {"kty": "EC", "crv": "P-384", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "secp256k1", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "OKP", "crv": "X25519", "x": JWK["x"]},
        {"kty": "OKP", "crv": "Ed448", "x": JWK["x"]},
        {**JWK, "x": JWK["x"][:-1]},
        {**JWK, "x": JWK["x"][:-1] + "="},
        {**JWK, "kty": ["OKP"]},
    ],
    ids=str,
)
def test_a_key_of_another_kind_or_form_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(device_keys.KeyRefused):
        device_keys.normalised(jwk)


@pytest.mark.parametrize("htu", ["https://u@satchel.example/v1/token", "nonsense", None])
def test_an_own_address_that_cannot_be_read_admits_no_proof(htu: str | None) -> None:
    with pytest.raises(ProofInvalid, match="htu"):
        dpop.verify(
            signed(htu=htu), method="POST", urls=["http://::1:8000/v1/token"], secrets=SECRETS, now=MONDAY
        )
