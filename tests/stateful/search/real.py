"""The real server behind its functions: one transaction each, on SQLite or PostgreSQL."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Table, delete, event, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database.core import Model, Sessions, snapshot
from backend.feed import changes, compaction, positions, segments
from backend.identity import access
from backend.identity.models import Assignment, Rep, RoleCollection
from backend.sync import grants, pull, push, verify
from backend.sync.pull import NotYet
from backend.sync.segments import builder
from backend.sync.segments.packing import PackedSegment, Row
from backend.sync.segments.store import StoredFile
from backend.sync.verify_request import faults, parse_request
from sync_protocol.change import Change, Stream
from sync_protocol.segment import KeyRange, encode
from sync_protocol.verify import VerifyRequestSchema
from tests.databases import engine_of
from tests.feed_model.feed import Behind, OtherEpoch
from tests.stateful.histories.world import ROLES
from tests.stateful.search.server import Locked, Refused
from tests.unit.sync.replica import NOW

BYTES = {1: 1, 3: 200, None: None}
"""Bytes of a page for the rows that the machine draws; its records are small."""
KEPT = (
    "feed_head",
    "feed_stream",
    "feed",
    "feed_former",
    "feed_segment",
    "feed_position_time",
    "submission",
    "submission_history",
)


class MemoryStore:
    """Segments in a dictionary."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.files[name] = data

    def open(self, name: str, start: int, length: int) -> Any:
        return io.BytesIO(self.files[name][start : start + length])

    def delete(self, name: str) -> None:
        self.files.pop(name, None)

    def stored(self) -> Iterator[StoredFile]:
        return (StoredFile(name, NOW) for name in self.files)

    def check(self) -> str:
        return "memory"


class RealServer:
    """A server on the database of *sessions*; *spare* makes a second database for the standby."""

    def __init__(self, sessions: Sessions, spare: Callable[[], Sessions], *, empty: bool = True) -> None:
        self.sessions, self.spare = sessions, spare
        self.store = MemoryStore()
        self._open: Session | None = None
        if empty:
            self._fill({})
            with self.sessions() as session, session.begin():
                positions.ensure_head(session)

    # Writers

    @property
    def is_open(self) -> bool:
        """Whether a writer has begun and not ended."""
        return self._open is not None

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A writer's transaction; raises `Locked` at once where another holds the feed's lock."""
        with self.sessions() as session:
            try:
                with session.begin():
                    do_not_wait(session)
                    yield session
            except OperationalError as error:
                if "lock" in str(error.orig):
                    raise Locked from error
                raise

    def publish(self, queued: Sequence[Change]) -> None:
        with self._writing() as session:
            changes.publish(session, queued)

    def assign(self, rep: str, channel: str) -> None:
        with self._writing() as session:
            grants.assign(session, rep, channel, NOW)

    def unassign(self, rep: str, channel: str) -> None:
        with self._writing() as session:
            grants.unassign(session, rep, channel, NOW)

    def set_role(self, role: str, names: set[str]) -> None:
        with self._writing() as session:
            grants.set_role(session, role, names)

    def push(self, rep: str, documents: Sequence[Mapping[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
        with self._writing() as session:
            results = push.push(
                session, rep_id=rep, device_id=f"D{rep}", submissions=[dict(d) for d in documents], now=NOW
            )
        # The commit publishes the records, so they are read after it.
        with self._reading() as session:
            records = changes.live_many(session, "submissions", [d["id"] for d in documents])
        return results, records

    def begin(self, queued: Sequence[Change]) -> None:
        session = self.sessions()
        session.begin()
        do_not_wait(session)
        changes.publish(session, queued)
        self._open = session

    def commit(self) -> None:
        assert self._open is not None
        self._open.commit()
        self._end()

    def roll_back(self) -> None:
        assert self._open is not None
        self._open.rollback()
        self._end()

    def _end(self) -> None:
        assert self._open is not None
        self._open.close()
        self._open = None

    # Readers

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self.sessions() as session:
            snapshot(session)
            try:
                yield session
            except NotYet:
                raise Behind from None
            except verify.EpochChanged:
                raise OtherEpoch from None

    def pull(self, rep: str, cursor: str | None, schema: int, rows: int | None) -> bytes:
        with self._reading() as session:
            return pull.pull(
                session, rep_id=rep, cursor_text=cursor, schema=schema, limit_bytes=BYTES[rows], now=NOW
            ).body

    def verify(self, rep: str, question: Mapping[str, Any]) -> bytes:
        request = VerifyRequestSchema().load(dict(question))
        assert list(faults(request)) == []
        with self._reading() as session:
            return verify.verify(
                session, rep_id=rep, cursor_text=request["cursor"], schema=request["schema"],
                request=parse_request(request),
            ).body  # fmt: skip

    def segment(self, rep: str, name: str, schema: int) -> bytes:
        with self._reading() as session:
            streams = access.streams(session, rep, access.ANY_SCHEMA)
            rows = [row for row in segments.by_name(session, name) if (row.channel, row.collection) in streams]
        if rows and name not in self.store.files:
            # What the door does when the store does not have the file.
            with suppress(Locked), self._writing() as session:
                segments.withdraw(session, name, NOW)
        if not rows or name not in self.store.files:
            raise Refused
        return self.store.files[name]

    # Maintenance

    def build(self, stream: Stream, cuts: Sequence[str]) -> None:
        def pack(of: Stream, rows: Any, boundaries: Sequence[str]) -> Iterator[PackedSegment]:
            return cut_at(of, list(rows), sorted(set(cuts)))

        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(builder, "pack", pack)
            builder.build(self.sessions, self.store, ManualClock(NOW), stream)

    def retire(self, stream: Stream) -> None:
        with self._writing() as session:
            segments.retire(session, stream, NOW)

    def sweep(self) -> None:
        with self._writing() as session:
            segments.delete_retired(session, NOW + dt.timedelta(days=1))
            named = segments.all_names(session)
        for name in set(self.store.files) - named:
            self.store.delete(name)

    def compact(self, horizon: int) -> None:
        with self._writing() as session:
            positions.take(session, 0)
            for doomed in compaction.find_expired(session, horizon):
                compaction.delete_expired(session, doomed.stream, doomed.up_to)

    def head(self) -> int:
        with self._reading() as session:
            return positions.head(session).position

    # Backups

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        with self._reading() as session:
            return {
                table.name: [dict(row) for row in session.execute(select(table)).mappings()]
                for table in kept_tables()
            }

    def load(self, dump: Mapping[str, list[dict[str, Any]]]) -> None:
        self._fill(dump)
        with self._writing() as session:
            positions.new_epoch(session)

    def standby(self, dump: Mapping[str, list[dict[str, Any]]]) -> "RealServer":
        copy = RealServer(self.spare(), self.spare, empty=False)
        copy._fill(dump)
        copy.store.files = dict(self.store.files)
        return copy

    def _fill(self, dump: Mapping[str, list[dict[str, Any]]]) -> None:
        """Replace what stands in the tables; the reps stay."""
        with self._writing() as session:
            for table in reversed(kept_tables()):
                session.execute(delete(table))
            if session.scalar(select(Rep.id).limit(1)) is None:
                for rep, role in ROLES.items():
                    session.add(Rep(id=rep, name=rep, role=role, employee_number=None, active=True))
                session.flush()
            for table in kept_tables():
                if dump.get(table.name):
                    session.execute(insert(table), dump[table.name])


def kept_tables() -> list[Table]:
    """Return the tables of a backup, parents first."""
    names = {*KEPT, Assignment.__tablename__, RoleCollection.__tablename__}
    tables = [table for table in Model.metadata.sorted_tables if table.name in names]
    assert len(tables) == len(names), sorted(names - {table.name for table in tables})
    return tables


def do_not_wait(session: Session) -> None:
    """Let the transaction fail where it would wait for a lock; SQLite is told when it connects."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL lock_timeout = '20ms'"))


def careless(maker: Any) -> Sessions:
    """Let an SQLite database neither wait for the disk nor for a lock: nothing here cuts the power."""
    engine = engine_of(maker)
    if engine.dialect.name == "sqlite":
        engine.dispose()

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA busy_timeout=0")

    return maker


def cut_at(stream: Stream, rows: list[Row], cuts: Sequence[str]) -> Iterator[PackedSegment]:
    """Yield segments of *rows* whose ranges begin at *cuts*: the product's are far too large for a history."""
    starts = ["", *cuts]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        inside = [row for row in rows if row[0] in KeyRange(start, end)]
        yield PackedSegment(KeyRange(start, end), encode(stream, KeyRange(start, end), inside), len(inside))
