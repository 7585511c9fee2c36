"""Plays a frozen story to today's server: the same requests and events in the same order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jwt

from backend.settings import Settings
from sync_protocol.change import Put
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
    """Plays the story of *revision* to *here*.

    Values that are opaque to a device (cursors, tags, tokens, addresses of uploads) are sent as today's server
    gave them; everything else is sent as in the corpus.
    """

    def __init__(self, here: Installation, revision: int) -> None:
        self.here = here
        self.revision = revision
        self.phone = Phone(here, DEVICE_KEY)
        self.stage = Stage(here, self.phone)
        self._today: dict[str, str] = {}

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
        response = exchange.send(self.here.client, name, request, self.phone.access_token)
        now = exchange.reply_of(response)
        if now["status"] < 300 and golden["request"]["path"] in ("/v1/enrol", "/v1/token"):
            self.phone.keep(response)
            self.phone.device_id = now["body"].get("device_id", self.phone.device_id)
        self._today.update(reliance.opaque_values(golden["reply"], now))
        return Replayed(name, request, golden["reply"], now)

    def _translated(self, value: Any) -> Any:
        """Return a request with today's opaque values."""
        if isinstance(value, dict):
            translated = {name: self._translated(inner) for name, inner in value.items()}
            if "proof" in value and translated["refresh_token"] != value["refresh_token"]:
                # The proof must be over the token that today's server gave; the key is that of the corpus.
                jti = jwt.decode(value["proof"], options={"verify_signature": False})["jti"]
                translated["proof"] = self.phone.proof(translated["refresh_token"], jti=jti)
            return translated
        if isinstance(value, list):
            return [self._translated(item) for item in value]
        return self._today.get(value, value) if isinstance(value, str) else value


@contextmanager
def stage_of(settings: Settings, revision: int) -> Iterator[Player]:
    """Yield a player with an installation that holds the first records of the story of *revision*."""
    records = [Put(*item) for item in corpus.read(revision, "story")["records"]]
    with world(settings, records) as here:
        yield Player(here, revision)
