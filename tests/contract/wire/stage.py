"""The events on the server between two requests of a story, in a form that JSON can hold.

A frozen corpus (`tests/contract/corpus`) repeats them against a later server. Every event is kept in `steps` as
`{"event": <name of a method here>, …its arguments}`.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from backend.api import quota
from backend.feed.changes import publish
from backend.feed.models import FeedHead
from backend.feed.positions import new_epoch
from backend.identity import enrolment
from backend.identity.models import Device
from backend.sync import grants
from sync_protocol.change import Put
from tests.contract.wire import segments
from tests.unit.api.installation import Installation, Phone


@contextmanager
def _out_of_patience() -> Iterator[None]:
    """The code is wrong, and its address has failed too often."""
    with (
        patch("backend.identity.enrolment.redeem", side_effect=enrolment.CodeInvalid),
        patch("backend.api.rates.limits.Rates.failed", return_value=7),
    ):
        yield


@contextmanager
def _no_room() -> Iterator[None]:
    """Every thread is busy."""
    with (
        patch("backend.api.work.Admission.enter", return_value=False),
        patch("backend.api.admission.retry_seconds", return_value=9),
    ):
        yield


BROKEN: dict[str, Callable[[], Any]] = {
    "an endpoint": lambda: patch(
        "backend.api.endpoints.limits.get_services", side_effect=RuntimeError("broken")
    ),
    "the database": lambda: patch(
        "backend.identity.principals.check", side_effect=OperationalError("SELECT", {}, Exception("away"))
    ),
    "patience": _out_of_patience,
    "room": _no_room,
    "the day": lambda: patch(
        "backend.api.quota.require_documents",
        side_effect=lambda services, used: _raise(quota.exceeded(services, "5000 documents")),
    ),
}
"""What `break_down` may break, and how."""


def _raise(error: Exception) -> None:
    raise error


class Stage:
    """The server's side of a story with one phone."""

    def __init__(self, installation: Installation, phone: Phone) -> None:
        self.installation = installation
        self.phone = phone
        self.steps: list[dict[str, Any]] = []
        self._broken = ExitStack()

    def record(self, step: dict[str, Any]) -> None:
        """Keep *step*, so that the story can be frozen."""
        self.steps.append(step)

    def play(self, step: dict[str, Any]) -> Any:
        """Repeat *step* of a frozen story."""
        arguments = {name: value for name, value in step.items() if name != "event"}
        return getattr(self, step["event"])(**arguments)

    def publish(self, put: Iterable[Any]) -> None:
        """Publish records: [collection, key, record] each, or `Put`."""
        puts = [[p.collection, p.key, dict(p.record)] if isinstance(p, Put) else p for p in put]
        self.record({"event": "publish", "put": puts})
        self.installation.change(lambda session: publish(session, [Put(*item) for item in puts]))

    def unassign(self, rep: str, channel: str) -> None:
        """End the assignment of *rep* to *channel*."""
        self.record({"event": "unassign", "rep": rep, "channel": channel})
        self.installation.change(
            lambda session: grants.unassign(session, rep, channel, self.installation.clock.now())
        )

    def offer_segment(self, channel: str, collection: str) -> None:
        """Offer the whole stream as one segment."""
        self.record({"event": "offer_segment", "channel": channel, "collection": collection})
        segments.offer_stream(
            self.installation.sessions, self.installation.satchel.segments, (channel, collection)
        )

    def lose_segments(self) -> None:
        """Lose the file of every segment."""
        self.record({"event": "lose_segments"})
        store = self.installation.satchel.segments
        for file in list(store.stored()):
            store.delete(file.name)

    def fall_behind(self, positions: int) -> None:
        """Lower the head, as on a server that lacks the last *positions*."""
        self.record({"event": "fall_behind", "positions": positions})
        lower = update(FeedHead).values(position=FeedHead.position - positions)
        self.installation.change(lambda session: session.execute(lower))

    def begin_epoch(self) -> None:
        """Start a new epoch."""
        self.record({"event": "begin_epoch"})
        self.installation.change(new_epoch)

    def revoke(self) -> None:
        """Revoke the phone."""
        self.record({"event": "revoke"})
        now = self.installation.clock.now()
        device = self.phone.device_id
        self.installation.change(
            lambda session: enrolment.revoke(
                session, session.get_one(Device, device), actor="user:office", now=now
            )
        )

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.record({"event": "wait", "seconds": seconds})
        self.installation.clock.advance(seconds=seconds)

    def begin_upload(self, headers: dict[str, str], place: str = "") -> str:
        """Start an upload that the story does not show, and return its address."""
        location = self.phone.ask("POST", "/v1/receipts", headers=headers).headers["Location"]
        self.record({"event": "begin_upload", "headers": headers, "place": place or location})
        return str(location)

    def send_claim(self, claim: dict[str, Any], receipt: str) -> None:
        """Push *claim* and upload its receipt (base64), which the story does not show."""
        self.record({"event": "send_claim", "claim": claim, "receipt": receipt})
        self.phone.push(claim)
        data = base64.b64decode(receipt)
        sha256 = base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
        tus = {"Tus-Resumable": "1.0.0"}
        headers = {**tus, "Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {sha256}"}
        place = self.phone.ask("POST", "/v1/receipts", headers=headers).headers["Location"]
        headers = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        self.phone.ask("PATCH", place, headers=headers, data=data)

    def check_receipts(self) -> None:
        """Let the worker check the receipts that have arrived."""
        self.record({"event": "check_receipts"})
        self.installation.check_receipts()

    def break_down(self, what: str) -> None:
        """Let *what* of `BROKEN` fail until `restore`."""
        self.record({"event": "break_down", "what": what})
        self._broken.enter_context(BROKEN[what]())

    def restore(self) -> None:
        """Let everything work again."""
        self.record({"event": "restore"})
        self._broken.close()
