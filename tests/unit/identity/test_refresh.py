"""Refresh: a lost reply does no harm, a stolen token is useless, a reuse ends the family."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import audit, device_keys, dpop, enrolment, key_rotation, refresh, tokens, used_proofs
from backend.identity.key_ring import KeyRing
from backend.identity.keys import REFRESH
from backend.identity.models import Device, Rep, UsedProof
from tests.unit.api.installation import b64
from tests.unit.identity.conftest import ISSUER
from tests.unit.identity.refresh_client import RefreshClient

DAY = 86_400


@pytest.fixture
def client(
    sessions: Sessions, clock: ManualClock, own_keys: KeyRing, device_key: Ed25519PrivateKey, device: Device
) -> RefreshClient:
    return RefreshClient(sessions, clock, own_keys, device_key, device)


def test_a_refresh_after_a_lost_reply_returns_the_same_token(client: RefreshClient) -> None:
    second = client.refresh(client.first)
    assert second != client.first
    assert [client.refresh(client.first) for _ in range(3)] == [second] * 3
    third = client.refresh(second)
    assert client.refresh(second) == third != second


def test_a_lost_reply_does_no_harm_whenever_the_phone_tries_again(client: RefreshClient) -> None:
    second = client.refresh(client.first)
    client.after(29 * DAY)
    assert client.refresh(client.first) == second


def test_a_reuse_ends_the_family_and_is_audited(client: RefreshClient) -> None:
    third = client.refresh(client.refresh(client.first))
    version = client.device().version
    client.after(1)
    client.refused(client.first, match="replaced more than one generation ago")
    for token in (client.first, third):
        client.refused(token, match="this enrolment has ended")
    assert client.device().version == version + 1, "access tokens are refused too"
    with client.sessions() as session:
        (entry, *_) = audit.entries(session)
    assert (entry.action, entry.detail["generation"]) == ("device.refresh_reused", 1)


def test_a_request_that_was_late_ends_no_family(client: RefreshClient) -> None:
    """It was made before the last refresh, so an honest phone may have sent it; it must ask with a new
    proof."""
    late = client.verified(client.signed())
    client.after(60)
    third = client.refresh(client.refresh(client.first))
    with pytest.raises(dpop.NonceRequired):
        client.refresh(client.first, late)
    assert client.refresh(third)


def test_a_stolen_token_is_useless_without_the_devices_key(client: RefreshClient) -> None:
    thief = Ed25519PrivateKey.generate()
    client.refused(client.first, client.verified(client.signed(thief)))
    assert client.refresh(client.first), "and the attempt logs nobody out"


def test_a_proof_is_accepted_once(client: RefreshClient) -> None:
    proof = client.verified(client.signed())
    second = client.refresh(client.first, proof)
    for token in (client.first, second):
        with pytest.raises(dpop.ProofInvalid, match="used before"):
            client.refresh(token, proof)


def test_the_table_of_used_proofs_is_bounded_and_pruned(client: RefreshClient) -> None:
    def count() -> int:
        with client.sessions() as session:
            return session.scalars(select(func.count()).select_from(UsedProof)).one()

    for _ in range(used_proofs.MAX_PER_KEY):
        client.refresh(client.first)
    with pytest.raises(used_proofs.TooManyProofs):
        client.refresh(client.first)
    assert count() == used_proofs.MAX_PER_KEY
    client.after(used_proofs.KEPT.total_seconds())
    client.refresh(client.first)
    assert count() == 1
    client.after(used_proofs.KEPT.total_seconds())
    with client.sessions() as session, session.begin():
        assert used_proofs.purge(session, client.clock.now()) == 1
    assert count() == 0


def test_a_proof_is_remembered_as_long_as_it_is_valid(client: RefreshClient) -> None:
    proof = client.signed()
    client.refresh(client.first, client.verified(proof))
    for seconds in (0, 200, 99):
        client.after(seconds)
        with pytest.raises(dpop.ProofInvalid):
            client.refresh(client.first, client.verified(proof))
    client.after(1)
    with pytest.raises(dpop.NonceRequired):
        client.verified(proof)


def test_a_refresh_token_of_another_server_is_refused(client: RefreshClient, tmp_path: Any) -> None:
    prefix, device, family, generation, mac = client.first.split(".")
    other = device[:-1] + ("Y" if device.endswith("X") else "X")
    forged = [
        f"{prefix}.{device}.{family}.2.{mac}",
        f"{prefix}.{device}.2.{generation}.{mac}",
        f"{prefix}.{other}.{family}.{generation}.{mac}",
        f"{prefix}.{device}.{family}.{generation}.{mac[:-1]}",
        f"{prefix}.{device}.{family}.{generation}.é",
        f"{prefix}.{device}.{family}.-1.{mac}",
        f"{prefix}.{device}.{family}.01.{mac}",
        f"{prefix}.{device}.{family}.².{mac}",
        f"{prefix}.{device}.{family}.{'9' * 5000}.{mac}",
        f"sr1.{device}.{generation}.{mac}",
        f"{client.first}\n",
        "",
        ".....",
    ]
    for token in forged:
        client.refused(token)
    with client.sessions() as session:
        device_row = session.get_one(Device, client.device_id)
        foreign = tokens.issue(KeyRing(tmp_path / "other"), ISSUER, device_row, client.clock.now())
    client.refused(foreign.refresh_token)


@pytest.mark.parametrize("kind", key_rotation.KINDS)
def test_a_rotation_of_keys_logs_nobody_out(
    client: RefreshClient, tmp_path: Any, kind: str, clock: ManualClock
) -> None:
    second = client.refresh(client.first)
    key_rotation.rotate(tmp_path, [kind], clock.now())
    client.own = KeyRing(tmp_path)
    client.after(11 * 60)
    assert client.refresh(client.first), "the reply was lost before the rotation"
    third = client.refresh(second)
    client.after(29 * DAY)
    assert client.refresh(third)


def test_a_rotation_does_not_log_out_a_phone_whose_replies_are_lost(
    client: RefreshClient, tmp_path: Any, clock: ManualClock
) -> None:
    key_rotation.rotate(tmp_path, [REFRESH], clock.now())
    client.own = KeyRing(tmp_path)
    for _ in range(4):
        client.after(20 * DAY)
        assert client.refresh(client.first), "each use begins the idle days again"


def test_a_reuse_is_noticed_as_long_as_the_family_lives(
    client: RefreshClient, tmp_path: Any, clock: ManualClock
) -> None:
    token = client.refresh(client.refresh(client.first))
    key_rotation.rotate(tmp_path, [REFRESH], clock.now())
    client.own = KeyRing(tmp_path)
    for _ in range(3):
        client.after(20 * DAY)
        token = client.refresh(token)
    client.after(20 * DAY)
    client.refused(client.first, match="replaced more than one generation ago")
    client.refused(token, match="this enrolment has ended")


def test_revoked_devices_and_inactive_reps_are_refused_with_their_code(client: RefreshClient) -> None:
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
    client.after(60)
    fifth = client.refresh(fourth)
    assert client.refresh(fourth) == fifth
    assert client.refresh(fifth)


def test_an_unknown_device_is_refused(client: RefreshClient) -> None:
    with client.sessions() as session, session.begin():
        session.delete(session.get_one(Device, client.device_id))
    client.refused(client.first)


@pytest.mark.parametrize(
    ("days", "idle_days", "pauses", "ended"),
    [
        (90, 30, [29.9, 29.9, 29.9], None),
        (90, 30, [30], "not used for 30 days"),
        (90, 30, [29, 29, 29, 3], "enrolled 90 days ago"),
        (90, 30, [29, 30], "not used for 30 days"),
        (7, 30, [6.9], None),
        (7, 30, [7], "enrolled 7 days ago"),
        (90, 2, [1, 1, 2], "not used for 2 days"),
    ],
)
def test_a_family_ends_after_its_days_and_after_its_idle_days(
    client: RefreshClient, days: int, idle_days: int, pauses: list[float], ended: str | None
) -> None:
    client.life = refresh.FamilyLife(days, idle_days)
    token = client.first
    for pause in pauses[:-1]:
        client.after(pause * DAY)
        token = client.refresh(token)
    client.after(pauses[-1] * DAY)
    if ended is None:
        assert client.refresh(token)
    else:
        client.refused(token, match=ended)


def test_a_p256_key_proves_as_well(
    sessions: Sessions, clock: ManualClock, own_keys: KeyRing, code: Any
) -> None:
    key = generate_private_key(SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
    with sessions() as session, session.begin():
        device = enrolment.redeem(
            session, code=code(), public_key=jwk, device_name="iPhone", app_version=None, now=clock.now()
        )
    client = RefreshClient(sessions, clock, own_keys, key, device)
    payload = jwt.decode(client.signed(Ed25519PrivateKey.generate()), options={"verify_signature": False})
    proof = jwt.encode(payload, key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": jwk})
    assert client.verified(proof).thumbprint == device_keys.thumbprint(jwk)
    assert client.refresh(client.first, client.verified(proof))
    with pytest.raises(dpop.ProofInvalid):
        client.verified(proof[:-4] + "AAAA")
