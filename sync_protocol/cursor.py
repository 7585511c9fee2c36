"""The cursor: where a device stands in each stream it hears. Opaque to the device.

It holds the epoch, `seen` (the head of the last snapshot) and a position per stream, written as one
base number and the exceptions from it; after a complete page all streams stand at the base, so that a
cursor of fifty streams is some two hundred bytes. It is no secret and no permission: what a rep may
hear is decided on the server, and a forged cursor can only cost its owner a longer download.
"""

import base64
import binascii
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.channel import is_channel

VERSION = 1
MAX_TEXT = 16 * 1024
MAX_JSON = 256 * 1024

_COLLECTION = re.compile(r"[a-z_]{1,40}")


class CursorInvalid(ValueError):
    """The text is not a cursor of ours."""


@dataclass(frozen=True)
class Cursor:
    """A position per stream within one epoch."""

    epoch: str
    seen: int = 0
    positions: Mapping[Stream, int] = field(default_factory=dict)

    def position(self, stream: Stream) -> int:
        """Return how far the device has read *stream*; 0 where it has not begun."""
        return self.positions.get(stream, 0)

    def encode(self) -> str:
        """Return the cursor as URL-safe text."""
        base = Counter(self.positions.values()).most_common(1)[0][0] if self.positions else 0
        channels: dict[str, list[Any]] = {}
        for (channel, collection), position in sorted(self.positions.items()):
            entry = collection if position == base else [collection, position]
            channels.setdefault(channel, []).append(entry)
        value = [VERSION, self.epoch, self.seen, base, channels]
        packed = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(text: str) -> Cursor:
    """Return the cursor that `Cursor.encode` wrote; raises `CursorInvalid` for anything else.

    The zlib checksum inside tells a damaged cursor from a good one.
    """
    if len(text) > MAX_TEXT:
        raise CursorInvalid("it is too long")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        inflater = zlib.decompressobj()
        plain = inflater.decompress(packed, MAX_JSON)
        if not inflater.eof or inflater.unused_data:
            raise CursorInvalid("it is cut short or has something behind it")
        version, epoch, seen, base, channels = json.loads(plain)
        positions: dict[Stream, int] = {}
        for channel, entries in channels.items():
            for entry in entries:
                collection, position = (entry, base) if isinstance(entry, str) else entry
                if not is_channel(channel) or not _COLLECTION.fullmatch(collection):
                    raise CursorInvalid("it names what is no stream")
                positions[channel, collection] = _natural(position)
        if version != VERSION or not isinstance(epoch, str):
            raise CursorInvalid("it is of another version")
        return Cursor(epoch, _natural(seen), positions)
    except (binascii.Error, zlib.error, ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, CursorInvalid):
            raise
        raise CursorInvalid("it was not made by this server or was damaged on the way") from None


def _natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise CursorInvalid("it holds a number that is no position")
    return value
