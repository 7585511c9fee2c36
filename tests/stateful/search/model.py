"""A server without a database for the deep search: the model of the feed, many reps, one lock, backups.

Which channel a record is in is brute force: every channel is computed again for every change.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Put, Stream
from sync_protocol.pull import SEGMENTS_SINCE
from tests.feed_model.feed import FeedModel
from tests.feed_model.state import State
from tests.stateful.histories.world import World
from tests.stateful.search.conditions import FEW
from tests.stateful.search.server import Locked, Refused

Backup = tuple[State, World]


class ModelServer(FeedModel):
    """The whole server, as `tests.stateful.search.server.Server` describes it."""

    verify_rows = verify_parts = FEW

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self._open: Sequence[Change] | None = None

    def take(self, count: int) -> int:
        """Take positions; an open writer keeps the lock until it ends."""
        if self._open is not None:
            raise Locked
        return super().take(count)

    # Writers

    def publish(self, changes: Sequence[Change]) -> None:
        self.take(0)
        self._write_all(changes)

    def _write_all(self, changes: Sequence[Change]) -> None:
        before = self._placed()
        self.world.note(changes)
        after = self._placed()
        for ref in sorted(before.keys() | after.keys(), key=lambda ref: (ref[0] != "customers", ref)):
            old, new = before.get(ref), after.get(ref)
            if old and (not new or old[0] != new[0]):
                self.leave(old[0], ref)
            if new and old != new:
                self.write((new[0], ref[0]), ref[1], new[1])

    def leave(self, channel: str, ref: tuple[str, str]) -> None:
        """Write a tombstone where the record *ref* was."""
        self.write((channel, ref[0]), ref[1], None)

    def _placed(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """Return (channel, record) of every record that somebody may read."""
        places = ((ref, self.world.channel(ref), record) for ref, record in self.world.records.items())
        return {ref: (channel, record) for ref, channel, record in places if channel}

    def assign(self, rep: str, channel: str) -> None:
        self.take(1)
        self.world.assigned[rep].add(channel)

    def unassign(self, rep: str, channel: str) -> None:
        self.take(1)
        self.world.assigned[rep].discard(channel)

    def set_role(self, role: str, names: set[str]) -> None:
        self.take(1)
        self.world.roles[role] = set(names)

    def push(self, rep: str, documents: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
        results, records = [], {}
        for document in documents:
            id, sha256 = document["id"], document["sha256"]
            is_new = ("submissions", id) not in self.world.records
            status = "received" if is_new else "duplicate"
            results.append({"id": id, "status": status, "state": "queued", "sha256": sha256, "errors": []})
            if is_new:
                record = {"id": id, "rep": rep, "sha256": sha256, "state": "queued", "body": document["body"]}
                self.publish([Put("submissions", id, record)])
            records[id] = self.world.records["submissions", id]
        return results, records

    def begin(self, changes: Sequence[Change]) -> None:
        self.take(0)
        self._open = changes

    def commit(self) -> None:
        changes, self._open = self._open, None
        self._write_all(changes or [])

    def roll_back(self) -> None:
        self._open = None

    # Readers

    def head(self) -> int:
        return self.now.position

    def granted(self, rep: str, schema: int) -> Iterator[Stream]:
        """Yield the streams that *rep* may read with an app of that revision, in the order phones need them."""
        streams = self.world.streams(rep, schema)
        yield from sorted(streams, key=lambda stream: (list(COLLECTIONS).index(stream[1]), stream[0]))

    def pull(self, rep: str, cursor: str | None, schema: int, rows: int | None) -> bytes:
        return _encoded(self.page(list(self.granted(rep, schema)), cursor, rows=rows, schema=schema))

    def verify(self, rep: str, question: Mapping[str, Any]) -> bytes:
        return _encoded(self.verify_step(set(self.granted(rep, question["schema"])), question))

    def segment(self, rep: str, name: str, schema: int) -> bytes:
        granted = set(self.granted(rep, SEGMENTS_SINCE))
        sets = [s for s in self.now.sets if any(name == other for _, other, *_ in s.segments)]
        if name not in self.files:
            for segment_set in sets:  # a backup may name files that are gone
                segment_set.retired = True
        if name not in self.files or not any(segment_set.stream in granted for segment_set in sets):
            raise Refused
        return self.files[name]

    # Backups

    def dump(self) -> Backup:
        return self.now.copy(), self.world.copy()

    def load(self, dump: Backup) -> None:
        self.take(0)
        self.now, self.world = dump[0].copy(), dump[1].copy()
        self.new_epoch()

    def standby(self, dump: Backup) -> "ModelServer":
        standby = type(self)()
        standby.now, standby.world, standby.files = dump[0].copy(), dump[1].copy(), dict(self.files)
        return standby


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
