"""A phone without HTTP: it refreshes in transactions of their own, as the endpoint does."""

import datetime as dt
from typing import Any

import pytest
from ulid import ULID

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import device_keys, dpop, proof_nonces, refresh, tokens
from backend.identity.dpop import Proof
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from backend.identity.refresh_tokens import FamilyLife
from tests.unit.api.installation import sign_proof
from tests.unit.identity.conftest import ISSUER

URL = f"{ISSUER}/v1/token"


class RefreshClient:
    """A device with its key, and the first refresh token that it got."""

    def __init__(self, sessions: Sessions, clock: ManualClock, own: KeyRing, key: Any, device: Device) -> None:
        self.sessions, self.clock, self.own, self.key = sessions, clock, own, key
        self.device_id = device.id
        self.jwk = device.public_key
        self.life = FamilyLife(90, 30)
        self.first = tokens.issue(own, ISSUER, device, clock.now()).refresh_token

    def nonce(self) -> str:
        return proof_nonces.issue(self.own.secrets(self.clock.now()), self.clock.now())

    def signed(self, key: Any = None, **changed: Any) -> str:
        """Return a proof; *changed* replaces members of its payload, None removes one."""
        payload = {
            "jti": str(ULID()),
            "htm": "POST",
            "htu": URL,
            "iat": int(self.clock.now().timestamp()),
            "nonce": self.nonce(),
            **changed,
        }
        return sign_proof({name: v for name, v in payload.items() if v is not None}, key or self.key)

    def verified(self, proof: str | None) -> Proof:
        now = self.clock.now()
        return dpop.verify(proof, method="POST", urls=[URL], secrets=self.own.secrets(now), now=now)

    def refresh(self, token: str, proof: Proof | None = None) -> str:
        with self.sessions() as session:
            try:
                issued = refresh.refresh(
                    session,
                    self.own,
                    ISSUER,
                    refresh_token=token,
                    proof=proof or self.verified(self.signed()),
                    now=self.clock.now(),
                    life=self.life,
                )
            except (dpop.NonceRequired, dpop.ProofInvalid, tokens.DeviceRevoked):
                session.rollback()
                raise
            finally:
                session.commit()
        return issued.refresh_token

    def refused(self, token: str, proof: Proof | None = None, match: str | None = None) -> None:
        with pytest.raises(refresh.RefreshInvalid, match=match):
            self.refresh(token, proof)

    def change(self, model: Any, key: str, **values: Any) -> None:
        with self.sessions() as session, session.begin():
            for name, value in values.items():
                setattr(session.get_one(model, key), name, value)

    def device(self) -> Device:
        with self.sessions() as session:
            return session.get_one(Device, self.device_id)

    def after(self, seconds: float) -> dt.datetime:
        self.clock.advance(seconds=seconds)
        return self.clock.now()

    @property
    def thumbprint(self) -> str:
        return device_keys.thumbprint(self.jwk)
