"""Plays a frozen story to today's server: the same requests and events in the same order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jwt

from backend.identity import proof_nonces
from backend.settings import Settings
from sync_protocol.change import Put
from sync_protocol.dpop import PROOF_HEADER, nonce_time
from tests.contract.corpus import corpus, reliance
from tests.contract.wire import exchange
from tests.contract.wire.exchange import Golden
from tests.contract.wire.stage import Stage
from tests.contract.wire.world import DEVICE_KEY, world
from tests.unit.api.installation import Installation, Phone


class Replayed(NamedTuple):
    """One exchange: the reply at its release, and the reply of today."""

    name: str
    request: Golden
    before: Golden
    now: Golden


class Player:
    """Plays the story of *revision* to *installation*.

    Values that are opaque to a device (cursors, tags, tokens, addresses of uploads) are sent as today's server
    gave them; everything else is sent as in the corpus.
    """

    def __init__(self, installation: Installation, revision: int) -> None:
        self.installation = installation
        self.revision = revision
        self.phone = Phone(installation, DEVICE_KEY)
        self.stage = Stage(installation, self.phone)
        self._today: dict[str, str] = {}
        self._has_checks = any(step.get("event") == "check_receipts" for step in corpus.steps(revision))

    def play(self) -> Iterator[Replayed]:
        """Yield every exchange."""
        for step in corpus.steps(self.revision):
            if "ask" in step:
                yield self._ask(step["ask"])
                continue
            place = self.stage.play(step)
            if step["event"] == "begin_upload":
                self._today[step["place"]] = place

    def _ask(self, name: str) -> Replayed:
        golden = corpus.read(self.revision, name)
        request = self._translated(golden["request"])
        response = exchange.send(self.installation.client, name, request, self.phone.access_token)
        now = exchange.reply_of(response)
        if request["method"] == "PATCH" and not self._has_checks:
            # When its story was frozen, claims were queued with the last byte of the last receipt.
            self.installation.check_receipts()
        if now["status"] < 300 and golden["request"]["path"] in ("/v1/enrol", "/v1/token"):
            self.phone.keep(response)
            self.phone.device_id = now["body"].get("device_id", self.phone.device_id)
        self._today.update(reliance.opaque_values(golden["reply"], now))
        return Replayed(name, request, golden["reply"], now)

    def _translated(self, value: Any) -> Any:
        """Return a request with today's opaque values."""
        if isinstance(value, dict):
            translated = {name: self._translated(inner) for name, inner in value.items()}
            if PROOF_HEADER in value:
                translated[PROOF_HEADER] = self._proof(value[PROOF_HEADER])
            return translated
        if isinstance(value, list):
            return [self._translated(item) for item in value]
        return self._today.get(value, value) if isinstance(value, str) else value

    def _proof(self, frozen: str) -> str:
        """Return *frozen* with the nonce and the time of today's server, signed by the key of the corpus."""
        payload = jwt.decode(frozen, options={"verify_signature": False, "verify_iat": False})
        header = {name: v for name, v in jwt.get_unverified_header(frozen).items() if name != "alg"}
        if "nonce" in payload:
            now = self.installation.clock.now()
            nonce = proof_nonces.issue(self.installation.satchel.keys.secrets(now), now)
            payload |= {"nonce": nonce, "iat": nonce_time(nonce)}
        return jwt.encode(payload, self.phone.key, algorithm="EdDSA", headers=header)


@contextmanager
def stage_of(settings: Settings, revision: int) -> Iterator[Player]:
    """Yield a player with an installation that holds the first records of the story of *revision*."""
    records = [Put(*item) for item in corpus.read(revision, "story")["records"]]
    with world(settings, records) as installation:
        yield Player(installation, revision)
