"""A state machine of one refresh family: phone, copy, thief, lost and late replies, rotations of keys."""

import datetime as dt
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.clock import ManualClock
from backend.identity import dpop, enrolment, key_rotation, refresh
from backend.identity.dpop import Proof
from backend.identity.key_ring import KeyRing, Lifetimes
from backend.identity.models import Device, Rep
from tests.conftest import MONDAY
from tests.databases import engine_of, prepared
from tests.examples import share_of_examples
from tests.unit.api.installation import b64
from tests.unit.identity.refresh_client import RefreshClient

DAY = 86_400


class Family(RuleBasedStateMachine):
    """An honest phone is logged out only by the end of its days or by a copy of its key."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.clock = ManualClock(MONDAY)
        self.sessions = prepared(f"sqlite:///{self.folder}/satchel.sqlite")
        self.key = Ed25519PrivateKey.generate()
        self.late: list[tuple[str, Proof]] = []

    @initialize()
    def enrol(self) -> None:
        with self.sessions() as session, session.begin():
            session.add(Rep(id="R1", name="Ana", role="sales", active=True))
        self._enrol(None)

    def _enrol(self, renews: str | None) -> None:
        x = b64(self.key.public_key().public_bytes_raw())
        with self.sessions() as session, session.begin():
            code = enrolment.create(session, "R1", self.clock.now(), renews=renews)
            device = enrolment.redeem(
                session,
                code=code,
                public_key={"kty": "OKP", "crv": "Ed25519", "x": x},
                device_name="Pixel",
                app_version=None,
                now=self.clock.now(),
            )
        self.client = RefreshClient(self.sessions, self.clock, self._ring(), self.key, device)
        self.tokens = [self.client.first]
        """Every token that the server issued in this family, oldest first."""
        self.stored = 0
        """Which of them the phone has; the reply with a later one was lost."""
        self.began = self.used = self.clock.now()
        self.ended = False

    def _ring(self) -> KeyRing:
        return KeyRing(self.folder, Lifetimes(90))

    def _expired(self) -> bool:
        now = self.clock.now()
        return now >= self.began + dt.timedelta(days=90) or now >= self.used + dt.timedelta(days=30)

    def _generation(self, token: str) -> str:
        return token.split(".")[3]

    @rule(lost=st.booleans())
    def honest_refresh(self, lost: bool) -> None:
        """The phone sends what it stores, and may not get the reply."""
        token = self.tokens[self.stored]
        if self.ended or self._expired():
            self.client.refused(token)
            return
        issued = self.client.refresh(token)
        self.used = self.clock.now()
        if self.stored + 1 < len(self.tokens):
            assert self._generation(issued) == self._generation(self.tokens[self.stored + 1])
        else:
            self.tokens.append(issued)
        if not lost:
            self.stored += 1

    @rule()
    def request_on_its_way(self) -> None:
        """A request is made, and arrives later."""
        self.late.append((self.tokens[self.stored], self.client.verified(self.client.signed())))

    @precondition(lambda self: self.late)
    @rule()
    def late_request_arrives(self) -> None:
        """It never ends the family, whatever it gets."""
        token, proof = self.late.pop(0)
        try:
            issued = self.client.refresh(token, proof)
        except (dpop.NonceRequired, refresh.RefreshInvalid):
            return
        self.used = self.clock.now()
        if self._generation(issued) not in map(self._generation, self.tokens):
            self.tokens.append(issued)

    @rule(age=st.integers(0, 5))
    def thief_without_key(self, age: int) -> None:
        token = self.tokens[max(0, len(self.tokens) - 1 - age)]
        self.client.refused(token, self.client.verified(self.client.signed(Ed25519PrivateKey.generate())))

    @precondition(lambda self: len(self.tokens) > 2)
    @rule()
    def copy_of_the_phone(self) -> None:
        """A copy with the key sends a token that was replaced more than once."""
        self.clock.advance(seconds=1)
        self.client.refused(self.tokens[-3])
        self.ended = True

    @rule(days=st.sampled_from([0, 1, 20, 31]))
    def time_passes(self, days: int) -> None:
        self.clock.advance(days=days, seconds=400)
        self.late.clear()

    @rule(kind=st.sampled_from(key_rotation.KINDS))
    def keys_rotate(self, kind: str) -> None:
        key_rotation.rotate(self.folder, [kind], self.clock.now())
        key_rotation.prune(self.folder, Lifetimes(90), self.clock.now())
        self.client.own = self._ring()

    @precondition(lambda self: self.ended or self._expired())
    @rule()
    def enrol_again(self) -> None:
        """The same device id; no token of before works."""
        device, before = self.client.device_id, self.tokens[-1]
        self.late.clear()
        self._enrol(device)
        assert self.client.device_id == device
        self.client.refused(before)

    @invariant()
    def the_device_is_marked_exactly_after_a_reuse(self) -> None:
        if hasattr(self, "client"):
            with self.sessions() as session:
                marked = session.get_one(Device, self.client.device_id).reuse_noticed_at
            assert (marked is not None) or not self.ended or self._expired()

    def teardown(self) -> None:
        engine_of(self.sessions).dispose()
        self._folder.cleanup()


TestFamily = Family.TestCase
# A share: each example creates a database of its own.
TestFamily.settings = settings(share_of_examples(0.15), stateful_step_count=25)
