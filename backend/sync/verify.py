"""Verify: in which rows a device differs from what it should hold. The steps are those of docs/protocol.md.

Each step is one snapshot, stands for itself and changes nothing: what was asked before comes back in the
question. The cursor in it says what the device should hold, and only streams that stand where the cursor
says can be compared. Of a stream that the rep does not hear nothing is read.
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
from backend.sync.verify_request import HeldSums, VerifyRequest
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange

APART = 1_000
"""By how many rows a device may differ from a stream of any size and still be mended row by row;
from a large one by a quarter of its rows. Beyond that a segment is cheaper."""
MAX_NOTED = 1_000_000
"""What a device says of itself is noted up to this number of rows."""

_NOTHING = StreamState(0, 0, Checksum())


class EpochChanged(RuntimeError):
    """The cursor is of another history; only a page can say what becomes of the replica."""


@dataclass(frozen=True)
class Answer:
    """The answer as it travels; the mismatches it tells of, and the head that the device had seen."""

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
) -> Answer:
    """Answer one step, in the snapshot that has begun; *only* as for `pull`.

    Raises `CursorInvalid` for a cursor that is not ours, `EpochChanged` for one of another epoch, and
    `NotYet` where this server is behind it.
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
        step.compare(request.sums)
    for stream, keys in request.split:
        step.split(stream, keys)
    for stream, keys, held in request.rows:
        step.look(stream, keys, held)
    return Answer(step.out.render(), step.out.noted(), cursor.seen)


class _Step:
    """Answers the parts of one question."""

    def __init__(self, session: Session, cursor: Cursor, granted: list[Stream]) -> None:
        self.session, self.cursor, self.granted = session, cursor, granted
        self.heard = frozenset(self.granted) & cursor.marks.keys()
        self.standings = reading.stream_states(session, sorted({channel for channel, _ in self.heard}))
        self.out = VerifyReply(cursor, LIMITS.verify_bytes)

    def compare(self, sums: Mapping[Stream, Checksum]) -> None:
        """Compare every stream that the cursor names, and find those that the device should not hold."""
        held = {stream for stream, sum in sums.items() if sum != Checksum()}
        self.out.drop |= (held | self.cursor.marks.keys()) - self.heard
        for stream in sorted(held - self.cursor.marks.keys()):
            self.out.note(Mismatch(stream, surplus=min(sums[stream].count, MAX_NOTED)))
        differing = [
            stream
            for stream in self.granted
            if stream in self.heard
            and self._stands(stream)
            and self._at(stream).checksum != sums.get(stream, Checksum())
        ]
        for stream in differing[: LIMITS.verify_ranges]:
            ours, theirs = self._at(stream).checksum, sums.get(stream, Checksum())
            self.out.note(Mismatch(stream))
            if abs(ours.count - theirs.count) > max(APART, ours.count // 4):
                self.out.resync(stream)
            elif ours.count <= LIMITS.verify_rows:
                self.out.ask_parts(stream, [Part(KeyRange(), ours)])
            else:
                self.out.ask_parts(stream, ranges.split(self.session, stream, KeyRange(), LIMITS.verify_parts))

    def split(self, stream: Stream, keys: KeyRange) -> None:
        """Split a range that differs. One that cannot be split would be asked about for ever."""
        if not self._stands(stream):
            return
        parts = ranges.split(self.session, stream, keys, LIMITS.verify_parts)
        if len(parts) > 1:
            self.out.ask_parts(stream, parts)
        else:
            self.out.resync(stream)

    def look(self, stream: Stream, keys: KeyRange, held: HeldSums) -> None:
        """Compare a range row by row, or split it if it is too large for that."""
        if not self._stands(stream):
            return
        rows = ranges.rows_in(self.session, stream, keys, LIMITS.verify_rows + 1)
        if len(rows) > LIMITS.verify_rows:
            self.out.ask_parts(stream, ranges.split(self.session, stream, keys, LIMITS.verify_parts))
        else:
            self.out.repair(stream, keys, rows, held)

    def _stands(self, stream: Stream) -> bool:
        """Say whether *stream* can be compared; if not, the answer says what to do about it."""
        if stream not in self.heard:
            self.out.drop.add(stream)
        elif _behind(self.cursor.marks[stream], self._at(stream)):
            self.out.pull_first.add(stream)
        return stream not in self.out.drop and stream not in self.out.pull_first

    def _at(self, stream: Stream) -> StreamState:
        return self.standings.get(stream, _NOTHING)


def _behind(mark: Mark, standing: StreamState) -> bool:
    return mark.position < standing.head or mark.covered < standing.floor
