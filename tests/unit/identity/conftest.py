"""Fixtures: the keys of an installation, and an enrolled device with its own key."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import enrolment
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device, Rep
from tests.unit.api.installation import b64

ISSUER = "https://satchel.example"


@pytest.fixture
def own_keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path)


@pytest.fixture
def device_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def jwk(device_key: Ed25519PrivateKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(device_key.public_key().public_bytes_raw())}


@pytest.fixture
def code(sessions: Sessions, clock: ManualClock) -> Callable[[], str]:
    """Makes enrolment codes for rep R1."""
    with sessions() as session, session.begin():
        session.add(Rep(id="R1", name="Ana", role="sales", active=True))

    def create() -> str:
        with sessions() as session, session.begin():
            return enrolment.create(session, "R1", clock.now())

    return create


@pytest.fixture
def device(sessions: Sessions, clock: ManualClock, code: Callable[[], str], jwk: dict[str, str]) -> Device:
    """A device of rep R1."""
    with sessions() as session, session.begin():
        return enrolment.redeem(
            session, code=code(), public_key=jwk, device_name="Pixel", app_version=None, now=clock.now()
        )
