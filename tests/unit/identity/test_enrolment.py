"""Enrolment: one code for one phone, and a lost reply does not need a new code."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import audit, device_keys, enrolment
from backend.identity.models import Device, EnrolmentCode, Rep
from tests.unit.api.installation import b64

Redeem = Callable[..., Device]


@pytest.fixture
def redeem(sessions: Sessions, clock: ManualClock, jwk: dict[str, str]) -> Redeem:
    def redeem_code(code: str, public_key: Any = None) -> Device:
        with sessions() as session, session.begin():
            return enrolment.redeem(
                session,
                code=code,
                public_key=jwk if public_key is None else public_key,
                device_name="Pixel",
                app_version="1.0",
                now=clock.now(),
            )

    return redeem_code


def other_key() -> dict[str, str]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": b64(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
    }


def test_a_code_enrols_one_device(redeem: Redeem, code: Any) -> None:
    made = code()
    device = redeem(made)
    assert (device.rep, device.name) == ("R1", "Pixel")
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made, other_key())


def test_the_same_key_gets_the_same_device_again_until_the_code_expires(
    redeem: Redeem, code: Any, clock: ManualClock
) -> None:
    made = code()
    device = redeem(made)
    assert redeem(made).id == device.id
    clock.advance(hours=25)
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made)


def test_a_code_that_was_used_does_not_revive_a_family_that_has_ended(
    sessions: Sessions, redeem: Redeem, code: Any, clock: ManualClock
) -> None:
    made = code()
    device = redeem(made)
    with sessions() as session, session.begin():
        session.get_one(Device, device.id).reuse_noticed_at = clock.now()
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made)


def test_a_code_may_be_typed_in_other_forms(redeem: Redeem, code: Any) -> None:
    made = code()
    as_typed = made.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert redeem(as_typed)


def test_codes_are_long_random_and_kept_as_a_hash_only(sessions: Sessions, code: Any) -> None:
    codes = {code() for _ in range(50)}
    assert len(codes) == 50
    assert len(enrolment.ALPHABET) ** enrolment.SYMBOLS >= 2**64
    with sessions() as session:
        kept = " ".join(f"{c.code_hash} {c.rep}" for c in session.query(EnrolmentCode))
    assert not any(made in kept or made.replace("-", "") in kept for made in codes)


def test_unknown_expired_and_inactive_codes_are_refused_alike(
    sessions: Sessions, redeem: Redeem, code: Any, clock: ManualClock
) -> None:
    for garbage in ("", "AAAAA-AAAAA-AAAAA", "\ud800", "x" * 1000):
        with pytest.raises(enrolment.CodeInvalid):
            redeem(garbage)
    made = code()
    with sessions() as session, session.begin():
        session.get_one(Rep, "R1").active = False
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made)
    with sessions() as session, session.begin():
        session.get_one(Rep, "R1").active = True
    clock.advance(hours=24)
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made)


def test_a_revoked_device_cannot_enrol_with_its_old_code(
    sessions: Sessions, redeem: Redeem, code: Any, clock: ManualClock
) -> None:
    made = code()
    device = redeem(made)
    with sessions() as session, session.begin():
        enrolment.revoke(session, session.get_one(Device, device.id), actor="user:x", now=clock.now())
    with sessions() as session:
        assert [entry.action for entry in audit.entries(session)] == [
            "device.revoked",
            "device.enrolled",
            "enrolment.code",
        ]
    with pytest.raises(enrolment.CodeInvalid):
        redeem(made)


def test_codes_are_created_for_active_reps_only(sessions: Sessions, clock: ManualClock, code: Any) -> None:
    with sessions() as session, pytest.raises(ValueError, match="no active rep 'R9'"):
        enrolment.create(session, "R9", clock.now())


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AAAA"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA"},
        {"kty": ["OKP"]},
        {"crv": "Ed448"},
        {"crv": "X25519"},
        {"x": "short"},
        {"x": "!" * 43},
        {"x": 5},
        {"x": "A" * 42 + "="},
        {"p": "1", "q": "2"},
        {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 42 + "E"},
        {"kty": "EC", "crv": "P-256"},
    ],
    ids=repr,
)
def test_an_unsupported_public_key_is_refused(
    redeem: Redeem, code: Any, jwk: dict[str, str], change: dict[str, Any]
) -> None:
    made = code()
    with pytest.raises(device_keys.KeyRefused):
        redeem(made, {**jwk, **change})
    assert redeem(made)


def test_additional_members_of_a_public_key_are_not_stored(
    redeem: Redeem, code: Any, jwk: dict[str, str]
) -> None:
    device = redeem(
        code(), {**jwk, "kid": "1", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"], "ext": True}
    )
    assert device.public_key == jwk
