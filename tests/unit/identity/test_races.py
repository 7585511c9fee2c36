"""Races: two simultaneous requests end as if one had followed the other."""

import threading
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import enrolment
from backend.identity.keys import Keys
from backend.identity.models import Device
from tests.unit.api.installation import b64
from tests.unit.identity.test_refresh import RefreshClient

AT_ONCE = 6


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Run *work* in several threads that start together; return results and exceptions."""
    results: list[Any] = [None] * AT_ONCE
    start = threading.Barrier(AT_ONCE)

    def run(n: int) -> None:
        start.wait(timeout=30)
        try:
            results[n] = work(n)
        except Exception as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_a_code_that_many_keys_redeem_at_once_makes_one_device(
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
    sessions: Sessions, clock: ManualClock, own_keys: Keys, device_key: Ed25519PrivateKey, device: Device
) -> None:
    client = RefreshClient(sessions, clock, own_keys, device_key, device)
    results = at_once(lambda n: client.refresh(client.first))
    assert set(results) == {client.refresh(client.first)}
