"""Refresh: a lost reply does no harm, and a stolen token is useless."""

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
from tests.unit.api.installation import b64, rth
from tests.unit.identity.conftest import ISSUER


class RefreshClient:
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
def client(
    sessions: Sessions, clock: ManualClock, own_keys: Keys, device_key: Ed25519PrivateKey, device: Device
) -> RefreshClient:
    return RefreshClient(sessions, clock, own_keys, device_key, device)


def test_a_lost_reply_gives_the_same_token_again_however_often(client: RefreshClient) -> None:
    second = client.refresh(client.first)
    assert second != client.first
    assert [client.refresh(client.first) for _ in range(3)] == [second] * 3
    third = client.refresh(second)
    assert client.refresh(second) == third != second


def test_a_token_replaced_long_ago_is_refused_and_noted(client: RefreshClient) -> None:
    third = client.refresh(client.refresh(client.first))
    client.refused(client.first)
    with client.sessions() as session:
        assert audit.entries(session)[0].action == "device.old_refresh_token"
    assert client.refresh(third)


def test_a_stolen_token_is_useless_without_the_devices_key(client: RefreshClient) -> None:
    claims = {"aud": ISSUER, "rth": rth(client.first), "jti": "1"}
    client.refused(client.first, jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA"))
    client.refused(client.first, jwt.encode(claims, generate_private_key(SECP256R1()), algorithm="ES256"))
    client.refused(client.first, jwt.encode(claims, "x" * 32, algorithm="HS256"))
    client.refused(client.first, jwt.encode(claims, None, algorithm="none"))
    client.refused(client.first, "not.a.proof")


@pytest.mark.parametrize("more", [{"aud": "https://other.example"}, {"rth": "x"}, {"jti": ""}])
def test_a_proof_of_something_else_is_refused(client: RefreshClient, more: dict[str, Any]) -> None:
    client.refused(client.first, client.proof(client.first, **more))


def test_a_proof_for_one_token_does_not_carry_another(client: RefreshClient) -> None:
    second = client.refresh(client.first)
    client.refused(second, client.proof(client.first))


def test_a_token_that_was_not_made_here_is_refused(client: RefreshClient) -> None:
    prefix, device, generation, mac = client.first.split(".")
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
        client.refused(token)


def test_a_revoked_device_and_a_rep_who_left_are_told_so(client: RefreshClient) -> None:
    client.change(Rep, "R1", active=False)
    with pytest.raises(tokens.DeviceRevoked):
        client.refresh(client.first)
    client.change(Rep, "R1", active=True)
    with client.sessions() as session, session.begin():
        device = session.get_one(Device, client.device_id)
        assert enrolment.revoke(session, device, actor="user:x", now=client.clock.now())
        assert not enrolment.revoke(session, device, actor="user:x", now=client.clock.now())
    with pytest.raises(tokens.DeviceRevoked):
        client.refresh(client.first)


def test_a_restored_backup_does_not_log_an_honest_phone_out(client: RefreshClient) -> None:
    fourth = client.refresh(client.refresh(client.refresh(client.first)))
    client.change(Device, client.device_id, refresh_generation=1)
    fifth = client.refresh(fourth)
    assert client.refresh(fourth) == fifth
    assert client.refresh(fifth)


def test_a_device_that_is_not_known_is_refused(client: RefreshClient) -> None:
    with client.sessions() as session, session.begin():
        session.delete(session.get_one(Device, client.device_id))
    client.refused(client.first)


def test_a_p256_key_proves_as_well(sessions: Sessions, clock: ManualClock, own_keys: Keys, code: Any) -> None:
    key = generate_private_key(SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
    with sessions() as session, session.begin():
        device = enrolment.redeem(
            session, code=code(), public_key=jwk, device_name="iPhone", app_version=None, now=clock.now()
        )
    client = RefreshClient(sessions, clock, own_keys, key, device)
    claims = {"aud": ISSUER, "rth": rth(client.first), "jti": "1"}
    assert client.refresh(client.first, jwt.encode(claims, key, algorithm="ES256"))
    client.refused(client.first, jwt.encode(claims, key, algorithm="ES256")[:-4] + "AAAA")
