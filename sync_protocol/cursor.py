"""The cursor: where a device stands in each stream it hears. Opaque to the device.

It holds the epoch, `seen` (the head of the last snapshot) and a mark per stream, written as one base
number and the exceptions from it; after a complete page all streams stand at the base, so that a
cursor of fifty streams is some two hundred bytes. It is no secret and no permission: what a rep may
hear is decided on the server, and a forged cursor can only cost its owner a longer download.
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
    """The text is not a cursor of ours."""


class Mark(NamedTuple):
    """Where a device stands in one stream.

    *position*: it has every change up to here. *as_of*: the oldest snapshot whose rows it may hold, where
    that is above the position, that is while a stream is being read from its beginning or from segments;
    else 0. What was gone before that snapshot the device never met, so it needs no tombstone of it.
    """

    position: int = 0
    as_of: int = 0

    @property
    def covered(self) -> int:
        """Return the position below which the device misses no tombstone."""
        return max(self.position, self.as_of)


@dataclass(frozen=True)
class Cursor:
    """A mark per stream within one epoch."""

    epoch: str
    seen: int = 0
    marks: Mapping[Stream, Mark] = field(default_factory=dict)

    def position(self, stream: Stream) -> int:
        """Return how far the device has read *stream*; 0 where it has not begun."""
        return self.marks.get(stream, Mark()).position

    def encode(self) -> str:
        """Return the cursor as URL-safe text."""
        positions = Counter(mark.position for mark in self.marks.values())
        base = positions.most_common(1)[0][0] if positions else 0
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

    The zlib checksum inside tells a damaged cursor from a good one.
    """
    if len(text) > MAX_TEXT:
        raise CursorInvalid("it is too long")
    try:
        # One cursor has one text: base64url is decoded strictly, and nothing may follow the zlib data.
        plain = inflate([base64url.decode(text)], MAX_JSON, wbits=ZLIB)
        version, epoch, seen, base, channels = json.loads(plain)
        marks: dict[Stream, Mark] = {}
        at_base = Mark(_natural(base))
        for channel, entries in channels.items():
            if not is_channel(channel):
                raise CursorInvalid("it names what is no stream")
            for entry in entries:
                collection, mark = (entry, at_base) if isinstance(entry, str) else _exception(*entry)
                if not _COLLECTION.fullmatch(collection):
                    raise CursorInvalid("it names what is no stream")
                marks[channel, collection] = mark
        if version != VERSION or not isinstance(epoch, str):
            raise CursorInvalid("it is of another version")
        return Cursor(epoch, _natural(seen), marks)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, CursorInvalid):
            raise
        if isinstance(error, InflateError):
            raise CursorInvalid(f"it {error}") from None
        raise CursorInvalid("it was not made by this server or was damaged on the way") from None


def _exception(collection: Any, position: Any, as_of: Any = 0) -> tuple[Any, Mark]:
    return collection, Mark(_natural(position), _natural(as_of))


def _natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise CursorInvalid("it holds a number that is no position")
    return value
