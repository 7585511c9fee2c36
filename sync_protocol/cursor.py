"""The cursor: how far a device has read each of its streams. Opaque to the device.

It contains the epoch, `seen` (the head of the last snapshot) and a mark per stream, encoded as one base
position and the exceptions from it. After a complete page all streams are at the base, so a cursor of fifty
streams has about two hundred bytes. It is neither a secret nor a permission: the server decides which streams a
rep may read, and a forged cursor only causes a longer download.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol import base64url
from sync_protocol.change import Stream
from sync_protocol.channel import is_channel
from sync_protocol.inflate import ZLIB, InflateError, inflate

VERSION = 1
MAX_TEXT = 16 * 1024
MAX_JSON = 256 * 1024

_COLLECTION = re.compile(r"[a-z_]{1,40}")


class CursorInvalid(ValueError):
    """The text is not a cursor of this server."""


class Mark(NamedTuple):
    """How far a device has read one stream.

    *position*: the device has every change up to here. *as_of*: the oldest snapshot whose rows the device may
    hold, if that is above the position (while a stream is read from its beginning or from segments), else 0.
    The device never received a record that was deleted before that snapshot, so it needs no tombstone for it.
    """

    position: int = 0
    as_of: int = 0

    @property
    def covered(self) -> int:
        """Return the position below which the device needs no tombstone."""
        return max(self.position, self.as_of)


@dataclass(frozen=True)
class Cursor:
    """A mark per stream within one epoch."""

    epoch: str
    seen: int = 0
    marks: Mapping[Stream, Mark] = field(default_factory=dict)

    def position(self, stream: Stream) -> int:
        """Return how far the device has read *stream*; 0 if it has not begun."""
        return self.marks.get(stream, Mark()).position

    def encode(self) -> str:
        """Return the cursor as URL-safe text."""
        positions = Counter(mark.position for mark in self.marks.values())
        # Of positions that are equally frequent the highest: equal cursors have equal texts.
        base = max(positions, key=lambda position: (positions[position], position), default=0)
        channels: dict[str, list[Any]] = {}
        for (channel, collection), mark in sorted(self.marks.items()):
            entry: Any = [collection, mark.position, mark.as_of]
            if mark.as_of <= mark.position:
                entry = collection if mark.position == base else [collection, mark.position]
            channels.setdefault(channel, []).append(entry)
        value = [VERSION, self.epoch, self.seen, base, channels]
        packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)
        return base64url.encode(packed)


def decode_cursor(text: str) -> Cursor:
    """Return the cursor that `Cursor.encode` wrote; raises `CursorInvalid` for anything else.

    The zlib checksum inside detects a damaged cursor.
    """
    if len(text) > MAX_TEXT:
        raise CursorInvalid("it is too long")
    try:
        # One cursor has one text: base64url is decoded strictly, and nothing may follow the zlib data.
        plain = inflate([base64url.decode(text)], MAX_JSON, wbits=ZLIB)
        version, epoch, snapshot_head, base, channels = json.loads(plain)
        marks: dict[Stream, Mark] = {}
        at_base = Mark(_natural(base))
        for channel, entries in channels.items():
            if not is_channel(channel):
                raise CursorInvalid("it names something that is not a stream")
            for entry in entries:
                collection, mark = (entry, at_base) if isinstance(entry, str) else _exception(*entry)
                if not _COLLECTION.fullmatch(collection):
                    raise CursorInvalid("it names something that is not a stream")
                marks[channel, collection] = mark
        if version != VERSION or not isinstance(epoch, str):
            raise CursorInvalid("it has another version")
        return Cursor(epoch, _natural(snapshot_head), marks)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, CursorInvalid):
            raise
        if isinstance(error, InflateError):
            raise CursorInvalid(f"it {error}") from None
        raise CursorInvalid("this server did not make it, or it was damaged in transit") from None


def _exception(collection: Any, position: Any, as_of: Any = 0) -> tuple[Any, Mark]:
    return collection, Mark(_natural(position), _natural(as_of))


def _natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise CursorInvalid("it contains a number that is not a position")
    return value
