"""The feed of one rep in the device's tests: records are put in channels, and streams granted, by hand."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.change import Stream
from tests.feed_model.feed import FeedModel
from tests.feed_model.state import State

Json = dict[str, Any]


class Feed(FeedModel):
    """The streams of one rep. A source of the scripted server (`sync_protocol.conformance.source`)."""

    def __init__(self) -> None:
        super().__init__()
        self.granted: list[Stream] = []
        self.page_rows = 1000
        """The number of rows of a page."""

    def grant(self, *streams: Stream) -> None:
        self.take(1)
        self.granted += [stream for stream in streams if stream not in self.granted]

    def revoke(self, stream: Stream) -> None:
        self.take(1)
        if stream in self.granted:
            self.granted.remove(stream)

    def put(self, channel: str, collection: str, key: str, record: Mapping[str, Any]) -> None:
        """Write a record; if it is in another channel, it moves.

        The tombstone comes before the put in one half of the calls and after it in the other: a device must
        cope with both.
        """
        tombstone_first = self.now.position % 2 == 0
        if tombstone_first:
            self._leave(collection, key, except_for=channel)
        self.write((channel, collection), key, dict(record))
        if not tombstone_first:
            self._leave(collection, key, except_for=channel)

    def gone(self, collection: str, key: str) -> None:
        """Delete a record wherever it is."""
        self.take(1)
        self._leave(collection, key, except_for=None)

    def _leave(self, collection: str, key: str, except_for: str | None) -> None:
        for stream, rows in self.now.rows.items():
            is_live = stream[1] == collection and key in rows and rows[key][1] is not None
            if is_live and stream[0] != except_for:
                self.write(stream, key, None)

    def build_in_segments(self, stream: Stream, rows: int = 2) -> None:
        """Offer *stream* as it is now in segments of *rows* rows."""
        self.build(stream, sorted(self.now.live(stream))[rows::rows])

    def backup(self) -> State:
        """Return what a backup holds."""
        return self.now.copy()

    def restore(self, backup: State) -> None:
        """Restore a backup in a new epoch. Positions are issued again, as after a real restore."""
        self.now = backup.copy()
        self.new_epoch()

    def live(self) -> dict[tuple[str, str], Json]:
        """Return what a complete replica must hold."""
        return {(s[1], key): record for s in self.granted for key, record in self.now.live(s).items()}

    def page_after(self, cursor: str | None) -> Json:
        """Return the page after *cursor*; raises `CursorInvalid`."""
        return self.page(self.granted, cursor, rows=self.page_rows)

    def unchanged_since(self, cursor: str) -> bool:
        """Return whether the page after *cursor* is complete and says nothing."""
        page = self.page_after(cursor)
        return bool(page["complete"] and not (page["changes"] or page["drop"] or page["reset"]))

    def verify(self, request: Json) -> Json:
        """Return the reply to one step of a verification."""
        return self.verify_step(self.granted, request)
