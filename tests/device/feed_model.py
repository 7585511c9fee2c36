"""The feed as a model: compacted rows, streams, grants, epochs, by the rules that the device relies on."""

import copy
from collections.abc import Mapping
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, decode_cursor
from sync_protocol.pull import RESET_EPOCH

Rows = dict[tuple[Stream, str], tuple[int, dict[str, Any] | None]]


class Feed:
    """What one rep hears; `limit` is how many rows a page has at most."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.position = 0
        self.rows: Rows = {}
        self.granted: list[Stream] = []
        self.restarted: dict[Stream, int] = {}
        self.server_time = "2026-11-23T09:00:00Z"

    def grant(self, *streams: Stream) -> None:
        self.position += 1
        self.granted += [stream for stream in streams if stream not in self.granted]

    def revoke(self, stream: Stream) -> None:
        self.position += 1
        if stream in self.granted:
            self.granted.remove(stream)

    def put(self, channel: str, collection: str, key: str, record: Mapping[str, Any]) -> None:
        """Write a record; where it lives in another channel it moves.

        The tombstone comes now before the put and now after it: a device must bear both.
        """
        self.position += 1
        tombstone_first = self.position % 2 == 0
        if tombstone_first:
            self._leave(collection, key, except_for=channel)
        self.rows[(channel, collection), key] = (self.position, dict(record))
        if not tombstone_first:
            self.position += 1
            self._leave(collection, key, except_for=channel)

    def gone(self, collection: str, key: str) -> None:
        self.position += 1
        self._leave(collection, key, except_for=None)

    def _leave(self, collection: str, key: str, except_for: str | None) -> None:
        for (stream, other), (_, record) in list(self.rows.items()):
            same = stream[1] == collection and other == key and record is not None
            if same and stream[0] != except_for:
                self.rows[stream, key] = (self.position, None)
                self.position += 1

    def restart(self, stream: Stream) -> None:
        """Collect the stream's tombstones: every cursor that names it from before now must begin it anew."""
        self.position += 1
        self.restarted[stream] = self.position
        self.rows = {at: row for at, row in self.rows.items() if at[0] != stream or row[1] is not None}

    def saved(self) -> tuple[int, Rows]:
        """Return what a backup would hold."""
        return self.position, copy.deepcopy(self.rows)

    def restore(self, backup: tuple[int, Rows]) -> None:
        """Go back to a backup, as a new epoch. Positions are issued again, as after a real restore."""
        self.position, self.rows = backup[0], copy.deepcopy(backup[1])
        self.restarted = {}
        self.epoch = f"e{int(self.epoch[1:]) + 1}"

    def live(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what a complete replica must hold."""
        return {
            (stream[1], key): record
            for (stream, key), (_, record) in self.rows.items()
            if record is not None and stream in self.granted
        }

    def page(self, cursor_text: str | None, limit: int = 1000) -> dict[str, Any]:
        asked = decode_cursor(cursor_text) if cursor_text else None
        reset = asked is not None and asked.epoch != self.epoch
        held = Cursor(self.epoch) if asked is None or reset else asked
        begun_anew = {s for s in held.positions if held.seen < self.restarted.get(s, 0)}
        drop = [s for s in held.positions if s not in self.granted or s in begun_anew]
        changes, positions, complete = [], {}, True
        for stream in self.granted:
            start = 0 if stream in begun_anew else held.position(stream)
            rows = sorted(
                (
                    (position, key, record)
                    for (other, key), (position, record) in self.rows.items()
                    if other == stream and position > start
                ),
                key=lambda row: row[0],
            )
            taken = rows[: max(0, limit)]
            limit -= len(taken)
            whole = len(taken) == len(rows)
            complete = complete and whole
            positions[stream] = self.position if whole else (taken[-1][0] if taken else start)
            if taken:
                changes.append(
                    {
                        "channel": stream[0],
                        "collection": stream[1],
                        "put": [[p, record] for p, _, record in taken if record is not None],
                        "gone": [[p, key] for p, key, record in taken if record is None],
                    }
                )
        named = {stream: position for stream, position in positions.items() if position}
        return {
            "epoch": self.epoch,
            "cursor": Cursor(self.epoch, self.position, named).encode(),
            "complete": complete,
            "reset": RESET_EPOCH if reset else None,
            "drop": [list(stream) for stream in drop],
            "changes": changes,
            "server_time": self.server_time,
            "poll_after": 60,
        }
