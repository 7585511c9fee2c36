"""Races: two simultaneous requests end as if one had followed the other."""

import threading
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import enrolment
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from tests.eventually import SECONDS
from tests.unit.api.installation import b64
from tests.unit.identity.refresh_client import RefreshClient

AT_ONCE = 6


def at_once(request: Callable[[int], Any]) -> list[Any]:
    """Run *request* in several threads that start together; return results and exceptions."""
    results: list[Any] = [None] * AT_ONCE
    start = threading.Barrier(AT_ONCE)

    def run(n: int) -> None:
        start.wait(SECONDS)
        try:
            results[n] = request(n)
        except Exception as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return results


def test_a_code_redeemed_by_many_keys_at_once_enrols_one_device(
    sessions: Sessions, clock: ManualClock, code: Callable[[], str]
) -> None:
    made = code()

    def redeem(n: int) -> str:
        x = b64(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        with sessions() as session, session.begin():
            return enrolment.redeem(
                session,
                code=made,
                public_key={"kty": "OKP", "crv": "Ed25519", "x": x},
                device_name=f"phone {n}",
                app_version=None,
                now=clock.now(),
            ).id

    results = at_once(redeem)
    assert sorted(type(result).__name__ for result in results) == ["CodeInvalid"] * (AT_ONCE - 1) + ["str"]
    with sessions() as session:
        assert session.query(Device).count() == 1


def test_the_same_refresh_token_sent_twice_at_once_gives_the_same_next_one(
    sessions: Sessions, clock: ManualClock, own_keys: KeyRing, device_key: Ed25519PrivateKey, device: Device
) -> None:
    client = RefreshClient(sessions, clock, own_keys, device_key, device)
    results = at_once(lambda n: client.refresh(client.first))
    assert set(results) == {client.refresh(client.first)}


def test_a_proof_sent_twice_at_once_is_accepted_once(
    sessions: Sessions, clock: ManualClock, own_keys: KeyRing, device_key: Ed25519PrivateKey, device: Device
) -> None:
    client = RefreshClient(sessions, clock, own_keys, device_key, device)
    proof = client.verified(client.signed())
    results = at_once(lambda n: client.refresh(client.first, proof))
    assert sorted(type(result).__name__ for result in results) == ["ProofInvalid"] * (AT_ONCE - 1) + ["str"]
