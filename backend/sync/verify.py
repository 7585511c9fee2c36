"""Verify: find the rows in which a replica differs. The steps are those of docs/protocol.md.

Each step is one snapshot and changes nothing. The server keeps no state between steps; the request repeats what
is needed. The cursor determines the rows that the device should hold. Only streams without changes since the
cursor can be compared. Streams that the rep may not read are never read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from backend.feed import positions, ranges, reading
from backend.feed.mismatches import Mismatch
from backend.feed.ranges import Part
from backend.feed.reading import StreamState
from backend.identity import access
from backend.sync.pull import NotYet
from backend.sync.verify_reply import VerifyReply
from backend.sync.verify_request import RowHashes, VerifyRequest
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange

MAX_ROW_DIFFERENCE = 1_000
"""Up to this difference in the number of rows, or a quarter of a large stream, rows are repaired one by one.
Beyond that, reading the stream again from segments is cheaper."""
MAX_REPORTED_ROWS = 1_000_000
"""A device's own row count is recorded up to this number."""

_NOTHING = StreamState(0, 0, Checksum())


class EpochChanged(RuntimeError):
    """The cursor belongs to another epoch; only a page can tell the device what to do with its replica."""


@dataclass(frozen=True)
class VerifyResult:
    """The reply to one step: its JSON, the mismatches in it, and the head that the device had seen."""

    body: bytes
    mismatches: list[Mismatch] = field(default_factory=list)
    position: int = 0


def verify(
    session: Session,
    *,
    rep_id: str,
    cursor_text: str,
    schema: int,
    request: VerifyRequest,
    only: Collection[Stream] | None = None,
) -> VerifyResult:
    """Answer one step of a verification, in the caller's snapshot.

    Args:
        session: A session whose transaction is the snapshot.
        rep_id: The rep whose streams may be compared.
        cursor_text: The cursor as the device sent it.
        schema: The catalogue revision of the app.
        request: The parsed step.
        only: If given, the comparison is limited to these streams, as for `pull`.

    Raises:
        CursorInvalid: The cursor was not issued by this server.
        EpochChanged: The cursor belongs to another epoch.
        NotYet: This server has not reached the position that the cursor has seen.
    """
    cursor = decode_cursor(cursor_text)
    head = positions.head(session)
    if cursor.epoch != head.epoch:
        raise EpochChanged
    if cursor.seen > head.position:
        raise NotYet(LIMITS.poll_after_seconds // 4)
    granted = [s for s in access.streams(session, rep_id, schema) if only is None or s in only]
    step = _Step(session, cursor, granted)
    if request.sums is not None:
        step.compare_streams(request.sums)
    for stream, keys in request.split:
        step.split(stream, keys)
    for stream, keys, device_rows in request.rows:
        step.compare_rows(stream, keys, device_rows)
    return VerifyResult(step.reply.render(), step.reply.mismatches(), cursor.seen)


class _Step:
    """Answers the parts of one step."""

    def __init__(self, session: Session, cursor: Cursor, granted: list[Stream]) -> None:
        self.session, self.cursor, self.granted = session, cursor, granted
        self.subscribed = frozenset(self.granted) & cursor.marks.keys()
        self.states = reading.stream_states(session, sorted({channel for channel, _ in self.subscribed}))
        self.reply = VerifyReply(cursor, LIMITS.verify_bytes)

    def compare_streams(self, sums: Mapping[Stream, Checksum]) -> None:
        """Compare every stream that the cursor names; drop those that the device should not hold."""
        present = {stream for stream, sum in sums.items() if sum != Checksum()}
        self.reply.drop |= (present | self.cursor.marks.keys()) - self.subscribed
        for stream in sorted(present - self.cursor.marks.keys()):
            self.reply.add_mismatch(Mismatch(stream, surplus=min(sums[stream].count, MAX_REPORTED_ROWS)))
        differing = [
            stream
            for stream in self.granted
            if stream in self.subscribed
            and self._is_comparable(stream)
            and self._state(stream).checksum != sums.get(stream, Checksum())
        ]
        for stream in differing[: LIMITS.verify_ranges]:
            server_sum, device_sum = self._state(stream).checksum, sums.get(stream, Checksum())
            self.reply.add_mismatch(Mismatch(stream))
            if abs(server_sum.count - device_sum.count) > max(MAX_ROW_DIFFERENCE, server_sum.count // 4):
                self.reply.resync(stream)
            elif server_sum.count <= LIMITS.verify_rows:
                self.reply.ask_parts(stream, [Part(KeyRange(), server_sum)])
            else:
                self.reply.ask_parts(
                    stream, ranges.split(self.session, stream, KeyRange(), LIMITS.verify_parts)
                )

    def split(self, stream: Stream, keys: KeyRange) -> None:
        """Split a range that differs. If it cannot be split, resync, or the device would ask forever."""
        if not self._is_comparable(stream):
            return
        parts = ranges.split(self.session, stream, keys, LIMITS.verify_parts)
        if len(parts) > 1:
            self.reply.ask_parts(stream, parts)
        else:
            self.reply.resync(stream)

    def compare_rows(self, stream: Stream, keys: KeyRange, device_rows: RowHashes) -> None:
        """Compare a range row by row, or split it if it has too many rows."""
        if not self._is_comparable(stream):
            return
        rows = ranges.rows_in(self.session, stream, keys, LIMITS.verify_rows + 1)
        if len(rows) > LIMITS.verify_rows:
            self.reply.ask_parts(stream, ranges.split(self.session, stream, keys, LIMITS.verify_parts))
        else:
            self.reply.repair(stream, keys, rows, device_rows)

    def _is_comparable(self, stream: Stream) -> bool:
        """Return whether *stream* can be compared; if not, add to the reply what the device must do."""
        if stream not in self.subscribed:
            self.reply.drop.add(stream)
        elif _behind(self.cursor.marks[stream], self._state(stream)):
            self.reply.pull_first.add(stream)
        return stream not in self.reply.drop and stream not in self.reply.pull_first

    def _state(self, stream: Stream) -> StreamState:
        return self.states.get(stream, _NOTHING)


def _behind(mark: Mark, state: StreamState) -> bool:
    return mark.position < state.head or mark.covered < state.floor
