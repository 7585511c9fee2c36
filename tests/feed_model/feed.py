"""The model of the feed: rows in streams, tombstones, segments, epochs, and what it answers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sync_protocol.canonical import canonical
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE, SEGMENTS_SINCE
from sync_protocol.segment import KeyRange, encode, name_of
from tests.feed_model.page import Page
from tests.feed_model.state import SegmentSet, State
from tests.feed_model.verification import Verification

Json = dict[str, Any]


class Behind(Exception):
    """The server has not reached what the device has seen: `not_yet`."""


class OtherEpoch(Exception):
    """The cursor of a verification is of another epoch: pull first."""


class FeedModel:
    """One feed. Who may read which stream is the caller's concern: it names the streams of a rep."""

    verify_rows = LIMITS.verify_rows
    """Rows up to which a range is compared row by row."""
    verify_parts = LIMITS.verify_parts
    """Parts into which a larger range is split."""

    def __init__(self) -> None:
        self.now = State()
        self.files: dict[str, bytes] = {}
        """Segments by name."""
        self.epochs = 0
        self.server_time = "2026-11-23T09:00:00Z"

    # Writers

    def take(self, count: int) -> int:
        """Take *count* positions and return the last."""
        self.now.position += count
        return self.now.position

    def write(self, stream: Stream, key: str, record: Any) -> None:
        """Write *record* (None: a tombstone) at the next position."""
        self.now.position += 1
        self.now.rows.setdefault(stream, {})[key] = (self.now.position, record)

    def compact(self, horizon: int) -> None:
        """Delete the tombstones at or below *horizon* that no set of segments needs."""
        self.take(0)
        for stream, rows in self.now.rows.items():
            limit = min([horizon, *(s.position for s in self.now.sets if s.stream == stream)])
            expired = [k for k, (position, record) in rows.items() if record is None and position <= limit]
            if expired:
                floor = max(rows[key][0] for key in expired)
                # The head never falls, even if the newest row of the stream goes.
                self.now.floors[stream] = max(self.now.floors.get(stream, 0), floor)
                for key in expired:
                    del rows[key]

    def new_epoch(self) -> None:
        """Begin a new epoch, as after a restore."""
        self.take(1)
        self.epochs += 1
        self.now.epoch = f"epoch{self.epochs}"

    # Segments

    def build(self, stream: Stream, cuts: Sequence[str]) -> None:
        """Offer *stream* as it is now in segments whose ranges begin at *cuts*, instead of what was offered."""
        live, starts = self.now.live(stream), ["", *sorted(set(cuts))]
        segments = []
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            range = KeyRange(start, end)
            rows = [(key, canonical(record).decode()) for key, record in sorted(live.items()) if key in range]
            data = encode(stream, range, rows)
            self.files[name_of(data)] = data
            segments.append((range, name_of(data), len(data), len(rows)))
        self.retire(stream)
        self.now.sets = [s for s in self.now.sets if (s.stream, s.position) != (stream, self.now.position)]
        self.now.sets.append(SegmentSet(stream, self.now.position, segments))

    def retire(self, stream: Stream) -> None:
        """Stop offering *stream* in segments; the files stay."""
        for segment_set in self.now.sets:
            segment_set.retired = segment_set.retired or segment_set.stream == stream

    def sweep(self) -> None:
        """Delete retired sets, and the files that no set names."""
        self.now.sets = [segment_set for segment_set in self.now.sets if not segment_set.retired]
        named = {name for segment_set in self.now.sets for _, name, *_ in segment_set.segments}
        for name in self.files.keys() - named:
            del self.files[name]

    # Readers

    def page(
        self,
        streams: Sequence[Stream],
        cursor_text: str | None,
        *,
        rows: int | None = None,
        schema: int = SEGMENTS_SINCE,
    ) -> Json:
        """Return the page after the cursor for a rep who may read *streams*, in this order.

        It holds about *rows* rows (None: all). Raises `CursorInvalid` and `Behind`.
        """
        now = self.now
        sent = decode_cursor(cursor_text) if cursor_text else Cursor(now.epoch)
        cursor, reset = self.across_epochs(sent, schema)
        if cursor.seen > now.position:
            raise Behind
        kept = {s: mark for s, mark in cursor.marks.items() if s in streams and not self.missed(s, mark)}
        page = Page(now, rows)
        for stream in streams:
            mark = kept.get(stream, Mark(0, now.position))
            offered = now.offered(stream) if schema >= SEGMENTS_SINCE and not mark.position else None
            if stream in kept:
                page.marks[stream] = mark
            if stream in now.rows and offered:
                page.offer(offered, mark)
            elif stream in now.rows:
                page.read(stream, mark)
        drop = [] if reset == RESET_EPOCH else sorted(set(sent.marks) - set(kept))
        return page.as_wire(reset, drop, self.server_time)

    def across_epochs(self, sent: Cursor, schema: int) -> tuple[Cursor, str | None]:
        """Return what is left of the cursor *sent* in this epoch, and what the page says about it."""
        now = self.now
        if sent.epoch == now.epoch:
            return sent, None
        complete = [s for s, mark in sent.marks.items() if mark.position and mark.position >= mark.as_of]
        marks = {s: Mark(now.position) for s in complete if s in now.rows} if schema >= SEGMENTS_SINCE else {}
        return Cursor(now.epoch, now.position, marks), RESET_REBASE if marks else RESET_EPOCH

    def missed(self, stream: Stream, mark: Mark) -> bool:
        """Return whether a device at *mark* missed a tombstone that is deleted."""
        return mark.covered < self.now.floors.get(stream, 0)

    def verify_step(self, streams: Collection[Stream], request: Mapping[str, Any]) -> Json:
        """Return the reply to one step of a verification; raises `CursorInvalid`, `Behind` and `OtherEpoch`."""
        cursor = decode_cursor(request["cursor"])
        if cursor.epoch != self.now.epoch:
            raise OtherEpoch
        if cursor.seen > self.now.position:
            raise Behind
        step = Verification(self.now, cursor, set(streams), self.verify_rows, self.verify_parts)
        return step.reply(request)
