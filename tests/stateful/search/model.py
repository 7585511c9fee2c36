"""A server without a database: the protocol's rules in plain dictionaries, for the deep search.

Written from docs/protocol.md, not from the backend. What is brute force here (every channel is computed
again for every change) is so on purpose: it must be obviously right.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Put, Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.segment import KeyRange
from tests.stateful.histories.world import World
from tests.stateful.search.server import Locked

Rows = dict[str, tuple[int, Any]]
"""(position, record or None for a tombstone) by key."""


@dataclass
class Offered:
    """A set of segments of one stream: (range, name, bytes, rows) each."""

    stream: Stream
    position: int
    sheets: list[tuple[KeyRange, str, int, int]]
    retired: bool = False


@dataclass
class State:
    """Everything that a backup holds."""

    epoch: str = "epoch0"
    position: int = 0
    world: World = field(default_factory=World)
    rows: dict[Stream, Rows] = field(default_factory=dict)
    floors: dict[Stream, int] = field(default_factory=dict)
    sets: list[Offered] = field(default_factory=list)

    def copy(self) -> "State":
        """Return a state of its own."""
        rows = {stream: dict(held) for stream, held in self.rows.items()}
        sets = [replace(one) for one in self.sets]
        return State(self.epoch, self.position, self.world.copy(), rows, dict(self.floors), sets)

    def head_of(self, stream: Stream) -> int:
        """Return the newest position that the stream ever had, collected tombstones included."""
        newest = max((position for position, _ in self.rows.get(stream, {}).values()), default=0)
        return max(newest, self.floors.get(stream, 0))

    def live(self, stream: Stream) -> dict[str, Any]:
        return {key: row[1] for key, row in self.rows.get(stream, {}).items() if row[1] is not None}

    def checksum(self, stream: Stream) -> Checksum:
        return Checksum.of(record_hash(stream[1], key, record) for key, record in self.live(stream).items())


class ModelFeed:
    """The writing side: one feed, one lock, backups."""

    def __init__(self) -> None:
        self.now = State()
        self.files: dict[str, bytes] = {}
        self.epochs = 0
        self._open: Sequence[Change] | None = None

    def take(self, count: int) -> int:
        """Take positions; the lock is held by an open writer until it ends."""
        if self._open is not None:
            raise Locked
        self.now.position += count
        return self.now.position

    def publish(self, changes: Sequence[Change]) -> None:
        self.take(0)
        self._write(changes)

    def _write(self, changes: Sequence[Change]) -> None:
        before = self._placed()
        self.now.world.note(changes)
        after = self._placed()
        for ref in sorted(before.keys() | after.keys(), key=lambda ref: (ref[0] != "customers", ref)):
            was, is_ = before.get(ref), after.get(ref)
            if was and (not is_ or was[0] != is_[0]):
                self._leave(was[0], ref)
            if is_ and was != is_:
                self._row(is_[0], ref, is_[1])

    def _leave(self, channel: str, ref: tuple[str, str]) -> None:
        self._row(channel, ref, None)

    def _row(self, channel: str, ref: tuple[str, str], record: Any) -> None:
        self.now.position += 1
        self.now.rows.setdefault((channel, ref[0]), {})[ref[1]] = (self.now.position, record)

    def _placed(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """Return (channel, record) of every record that somebody can hear."""
        world = self.now.world
        places = ((ref, world.channel(ref), record) for ref, record in world.records.items())
        return {ref: (channel, record) for ref, channel, record in places if channel}

    def assign(self, rep: str, channel: str) -> None:
        self.take(1)
        self.now.world.assigned[rep].add(channel)

    def unassign(self, rep: str, channel: str) -> None:
        self.take(1)
        self.now.world.assigned[rep].discard(channel)

    def set_role(self, role: str, names: set[str]) -> None:
        self.take(1)
        self.now.world.roles[role] = set(names)

    def push(self, rep: str, documents: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
        world, results, records = self.now.world, [], {}
        for document in documents:
            there = ("submissions", document["id"]) in world.records
            status = "duplicate" if there else "received"
            about = {"state": "queued", "sha256": document["sha256"], "errors": []}
            results.append({"id": document["id"], "status": status, **about})
            if not there:
                body = document["body"]
                record = {
                    "id": document["id"],
                    "rep": rep,
                    "sha256": document["sha256"],
                    "state": "queued",
                    "body": body,
                }
                self.publish([Put("submissions", document["id"], record)])
            records[document["id"]] = world.records["submissions", document["id"]]
        return results, records

    def begin(self, changes: Sequence[Change]) -> None:
        self.take(0)
        self._open = changes

    def commit(self) -> None:
        changes, self._open = self._open, None
        self._write(changes or [])

    def roll_back(self) -> None:
        self._open = None

    def compact(self, horizon: int) -> None:
        self.take(0)
        for stream, rows in self.now.rows.items():
            kept = [s.position for s in self.now.sets if s.stream == stream]
            limit = min([horizon, *kept])
            doomed = [k for k, (position, record) in rows.items() if record is None and position <= limit]
            if doomed:
                floor = max(rows[key][0] for key in doomed)
                # The head never falls, even if the newest row of the stream goes.
                self.now.floors[stream] = max(self.now.floors.get(stream, 0), floor)
                for key in doomed:
                    del rows[key]

    def head(self) -> int:
        return self.now.position

    def dump(self) -> State:
        return self.now.copy()

    def load(self, dump: State) -> None:
        self.take(0)
        self.now = dump.copy()
        self.new_epoch()

    def new_epoch(self) -> None:
        self.take(1)
        self.epochs += 1
        self.now.epoch = f"epoch{self.epochs}"

    def granted(self, rep: str, schema: int) -> Iterator[Stream]:
        """Yield the streams that *rep* hears on an app of that revision, in the order phones need them."""
        heard = self.now.world.streams(rep, schema)
        yield from sorted(heard, key=lambda stream: (list(COLLECTIONS).index(stream[1]), stream[0]))


def dumped(value: Any) -> bytes:
    """Return *value* as it travels."""
    return json.dumps(value, ensure_ascii=False).encode()
