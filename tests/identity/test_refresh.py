"""Refresh: a lost reply costs nothing, and a stolen token is worth nothing."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import audit, enrolment, tokens
from backend.identity.keys import Keys
from backend.identity.models import Device, Rep
from tests.api.installation import b64, rth
from tests.identity.conftest import ISSUER


class Desk:
    """Refreshes in transactions of their own, as the endpoint does."""

    def __init__(self, sessions: Sessions, clock: ManualClock, own: Keys, key: Any, device: Device) -> None:
        self.sessions, self.clock, self.own, self.key = sessions, clock, own, key
        self.device_id = device.id
        self.first = tokens.issue(own, ISSUER, device, clock.now()).refresh_token

    def proof(self, token: str, **more: Any) -> str:
        return jwt.encode({"aud": ISSUER, "rth": rth(token), "jti": "1", **more}, self.key, algorithm="EdDSA")

    def refresh(self, token: str, proof: str | None = None) -> str:
        with self.sessions() as session:
            try:
                issued = tokens.refresh(
                    session,
                    self.own,
                    ISSUER,
                    refresh_token=token,
                    proof=proof or self.proof(token),
                    now=self.clock.now(),
                )
            finally:
                session.commit()
        return issued.refresh_token

    def refused(self, token: str, proof: str | None = None) -> None:
        with pytest.raises(tokens.RefreshInvalid):
            self.refresh(token, proof)

    def change(self, model: Any, key: str, **values: Any) -> None:
        with self.sessions() as session, session.begin():
            for name, value in values.items():
                setattr(session.get_one(model, key), name, value)


@pytest.fixture
def desk(
    sessions: Sessions, clock: ManualClock, own_keys: Keys, device_key: Ed25519PrivateKey, device: Device
) -> Desk:
    return Desk(sessions, clock, own_keys, device_key, device)


def test_a_lost_reply_gives_the_same_token_again_however_often(desk: Desk) -> None:
    second = desk.refresh(desk.first)
    assert second != desk.first
    assert [desk.refresh(desk.first) for _ in range(3)] == [second] * 3
    third = desk.refresh(second)
    assert desk.refresh(second) == third != second


def test_a_token_replaced_long_ago_is_refused_and_noted(desk: Desk) -> None:
    third = desk.refresh(desk.refresh(desk.first))
    desk.refused(desk.first)
    with desk.sessions() as session:
        assert audit.entries(session)[0].action == "device.old_refresh_token"
    assert desk.refresh(third)


def test_a_stolen_token_is_useless_without_the_devices_key(desk: Desk) -> None:
    claims = {"aud": ISSUER, "rth": rth(desk.first), "jti": "1"}
    desk.refused(desk.first, jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA"))
    desk.refused(desk.first, jwt.encode(claims, generate_private_key(SECP256R1()), algorithm="ES256"))
    desk.refused(desk.first, jwt.encode(claims, "x" * 32, algorithm="HS256"))
    desk.refused(desk.first, jwt.encode(claims, None, algorithm="none"))
    desk.refused(desk.first, "not.a.proof")


@pytest.mark.parametrize("more", [{"aud": "https://other.example"}, {"rth": "x"}, {"jti": ""}])
def test_a_proof_of_something_else_is_refused(desk: Desk, more: dict[str, Any]) -> None:
    desk.refused(desk.first, desk.proof(desk.first, **more))


def test_a_proof_for_one_token_does_not_carry_another(desk: Desk) -> None:
    second = desk.refresh(desk.first)
    desk.refused(second, desk.proof(desk.first))


def test_a_token_that_was_not_made_here_is_refused(desk: Desk) -> None:
    prefix, device, generation, mac = desk.first.split(".")
    other = device[:-1] + ("Y" if device.endswith("X") else "X")
    forged = [
        f"{prefix}.{device}.2.{mac}",
        f"{prefix}.{other}.{generation}.{mac}",
        f"{prefix}.{device}.{generation}.{mac[:-1]}",
        f"{prefix}.{device}.{generation}.é",
        f"{prefix}.{device}.-1.{mac}",
        f"{prefix}.{device}.²",
        f"{prefix}.{device}.{'9' * 5000}.{mac}",
        "",
        "....",
    ]
    for token in forged:
        desk.refused(token)


def test_a_revoked_device_and_a_rep_who_left_are_told_so(desk: Desk) -> None:
    desk.change(Rep, "R1", active=False)
    with pytest.raises(tokens.DeviceRevoked):
        desk.refresh(desk.first)
    desk.change(Rep, "R1", active=True)
    with desk.sessions() as session, session.begin():
        device = session.get_one(Device, desk.device_id)
        assert enrolment.revoke(session, device, actor="user:x", now=desk.clock.now())
        assert not enrolment.revoke(session, device, actor="user:x", now=desk.clock.now())
    with pytest.raises(tokens.DeviceRevoked):
        desk.refresh(desk.first)


def test_a_restored_backup_does_not_log_an_honest_phone_out(desk: Desk) -> None:
    fourth = desk.refresh(desk.refresh(desk.refresh(desk.first)))
    desk.change(Device, desk.device_id, refresh_generation=1)
    fifth = desk.refresh(fourth)
    assert desk.refresh(fourth) == fifth
    assert desk.refresh(fifth)


def test_a_device_that_is_not_known_is_refused(desk: Desk) -> None:
    with desk.sessions() as session, session.begin():
        session.delete(session.get_one(Device, desk.device_id))
    desk.refused(desk.first)


def test_a_p256_key_proves_as_well(sessions: Sessions, clock: ManualClock, own_keys: Keys, code: Any) -> None:
    key = generate_private_key(SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
    with sessions() as session, session.begin():
        device = enrolment.redeem(
            session, code=code(), public_key=jwk, device_name="iPhone", app_version=None, now=clock.now()
        )
    desk = Desk(sessions, clock, own_keys, key, device)
    claims = {"aud": ISSUER, "rth": rth(desk.first), "jti": "1"}
    assert desk.refresh(desk.first, jwt.encode(claims, key, algorithm="ES256"))
    desk.refused(desk.first, jwt.encode(claims, key, algorithm="ES256")[:-4] + "AAAA")
