"""The events on the server between two requests of a story, in a form that JSON can hold.

A frozen corpus (`tests/contract/corpus`) repeats them against a later server. Every event is kept in `steps` as
`{"event": <name of a method here>, …its arguments}`.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from backend.feed.changes import publish
from backend.feed.models import FeedHead
from backend.feed.positions import new_epoch
from backend.identity import enrolment
from backend.identity.models import Device
from backend.sync import grants
from sync_protocol.change import Put
from tests.contract.wire import segments
from tests.unit.api.installation import Installation, Phone

BROKEN: dict[str, Callable[[], Any]] = {
    "an endpoint": lambda: patch(
        "backend.api.endpoints.limits.get_services", side_effect=RuntimeError("broken")
    ),
    "the database": lambda: patch(
        "backend.identity.principals.check", side_effect=OperationalError("SELECT", {}, Exception("away"))
    ),
    "patience": lambda: patch("backend.api.rate_limit.FailureLimiter.wait", return_value=7),
}
"""What `break_down` may break, and how."""


class Stage:
    """The server's side of a story with one phone."""

    def __init__(self, here: Installation, phone: Phone) -> None:
        self.here = here
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
        self.here.change(lambda session: publish(session, [Put(*item) for item in puts]))

    def unassign(self, rep: str, channel: str) -> None:
        """End the assignment of *rep* to *channel*."""
        self.record({"event": "unassign", "rep": rep, "channel": channel})
        self.here.change(lambda session: grants.unassign(session, rep, channel, self.here.clock.now()))

    def offer_segment(self, channel: str, collection: str) -> None:
        """Offer the whole stream as one segment."""
        self.record({"event": "offer_segment", "channel": channel, "collection": collection})
        segments.offer(self.here.sessions, self.here.satchel.segments, (channel, collection))

    def lose_segments(self) -> None:
        """Lose the file of every segment."""
        self.record({"event": "lose_segments"})
        store = self.here.satchel.segments
        for file in list(store.stored()):
            store.delete(file.name)

    def fall_behind(self, positions: int) -> None:
        """Lower the head, as on a server that lacks the last *positions*."""
        self.record({"event": "fall_behind", "positions": positions})
        lower = update(FeedHead).values(position=FeedHead.position - positions)
        self.here.change(lambda session: session.execute(lower))

    def begin_epoch(self) -> None:
        """Start a new epoch."""
        self.record({"event": "begin_epoch"})
        self.here.change(new_epoch)

    def revoke(self) -> None:
        """Revoke the phone."""
        self.record({"event": "revoke"})
        now = self.here.clock.now()
        device = self.phone.device_id
        self.here.change(
            lambda session: enrolment.revoke(
                session, session.get_one(Device, device), actor="user:office", now=now
            )
        )

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.record({"event": "wait", "seconds": seconds})
        self.here.clock.advance(seconds=seconds)

    def begin_upload(self, headers: dict[str, str], place: str = "") -> str:
        """Start an upload that the story does not show, and return its address."""
        location = self.phone.ask("POST", "/v1/receipts", headers=headers).headers["Location"]
        self.record({"event": "begin_upload", "headers": headers, "place": place or location})
        return str(location)

    def break_down(self, what: str) -> None:
        """Let *what* of `BROKEN` fail until `restore`."""
        self.record({"event": "break_down", "what": what})
        self._broken.enter_context(BROKEN[what]())

    def restore(self) -> None:
        """Let everything work again."""
        self.record({"event": "restore"})
        self._broken.close()
