"""Models that each lack one rule: the search must find the damage."""

from collections.abc import Sequence
from typing import Any

from sync_protocol.change import Change, Stream
from sync_protocol.cursor import Cursor, Mark
from tests.stateful.search.model import ModelServer
from tests.stateful.search.server import Locked


class PositionsFromASequence(ModelServer):
    """An open writer has its positions and does not keep others from passing it."""

    def take(self, count: int) -> int:
        self.now.position += count
        return self.now.position

    def begin(self, changes: Sequence[Change]) -> None:
        super().begin(changes)
        self._first = self.now.position
        self.now.position += 20

    def commit(self) -> None:
        top, self.now.position = self.now.position, self._first
        super().commit()
        self.now.position = max(top, self.now.position)


class NoTombstoneOnMove(ModelServer):
    def leave(self, channel: str, ref: tuple[str, str]) -> None:
        if ref not in self.world.records:
            super().leave(channel, ref)


class NoEpoch(ModelServer):
    def new_epoch(self) -> None:
        self.take(1)


class NoSeen(ModelServer):
    """A server that lags does not notice."""

    def across_epochs(self, sent: Cursor, schema: int) -> tuple[Cursor, str | None]:
        cursor, reset = super().across_epochs(sent, schema)
        return Cursor(cursor.epoch, 0, cursor.marks), reset


class FloorIgnored(ModelServer):
    def missed(self, stream: Stream, mark: Mark) -> bool:
        return False


class FloorWithoutAsOf(ModelServer):
    def missed(self, stream: Stream, mark: Mark) -> bool:
        return mark.position < self.now.floors.get(stream, 0)


class OldGrants(ModelServer):
    """A rep keeps every stream that was ever granted."""

    def unassign(self, rep: str, channel: str) -> None:
        self.take(1)


class TombstonesGoUnderASegment(ModelServer):
    """The floor does not wait for the sets that are on offer."""

    def compact(self, horizon: int) -> None:
        sets, self.now.sets = self.now.sets, []
        try:
            super().compact(horizon)
        finally:
            self.now.sets = sets


class AnybodyMayFetch(ModelServer):
    def segment(self, rep: str, name: str, schema: int) -> bytes:
        return self.files[name] if name in self.files else super().segment(rep, name, schema)


class TwoWriters(ModelServer):
    """The lock is not kept until the commit."""

    def take(self, count: int) -> int:
        try:
            return super().take(count)
        except Locked:
            self.now.position += count
            return self.now.position


WEAKENED: list[type[Any]] = [
    PositionsFromASequence, NoTombstoneOnMove, NoEpoch, NoSeen, FloorIgnored,
    FloorWithoutAsOf, OldGrants, TombstonesGoUnderASegment, AnybodyMayFetch, TwoWriters,
]  # fmt: skip
