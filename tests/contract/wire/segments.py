"""The chapter of the story with segments: one is offered, a range of it is fetched, and it is lost."""

import gzip
import struct
import zlib
from typing import Any

from backend.database.core import Sessions
from backend.feed import positions, reading, segments
from backend.feed.segments import SegmentInfo
from backend.sync.segments.store import Store
from sync_protocol.change import Stream
from sync_protocol.segment import KeyRange, encode, name_of
from tests.conftest import MONDAY


def play(story: Any) -> None:
    """Play it; afterwards no segment is on offer."""
    story.stage.offer_segment("territory:NW", "customers")
    description = (
        "A first page: of the customers a segment is offered, `then` is the cursor once it is applied."
    )
    page = story.ask("pull-segments", description, "GET", "/v1/pull", query={"schema": "2"}).json
    (segment,) = page["segments"]
    path, tag = f"/v1/segments/{segment['sha256']}", f'"{segment["sha256"]}"'
    description = "The rest of a segment after the connection broke at byte 400."
    story.ask("segment-range", description, "GET", path, headers={"Range": "bytes=400-", "If-Range": tag})
    description = "A range beyond the end; Content-Range has the size."
    story.ask("problem-range_beyond_end", description, "GET", path, headers={"Range": "bytes=99999-"})
    description = "A signed link that has expired."
    query = {"expires": "1795424400", "signature": "Ys7rNQcH1nJr5HFoWJrNsRaA6qJVkPIQYBSmKxGJbGQ"}
    story.ask("problem-link_invalid", description, "GET", path, query=query, token=None)
    story.stage.lose_segments()
    story.ask("problem-segment_gone", "The file is gone, and the segment is no longer offered.", "GET", path)


def offer_stream(sessions: Sessions, store: Store, stream: Stream) -> None:
    """Offer all of *stream* as one segment, whose bytes do not depend on the version of zlib."""
    with sessions() as session, session.begin():
        rows = [(row.key, str(row.body)) for row in reading.rows_by_key(session, stream, None, 1_000)]
        data = stored(gzip.decompress(encode(stream, KeyRange(), rows)))
        store.put(name_of(data), data)
        segment = SegmentInfo(KeyRange(), name_of(data), len(data), len(rows))
        segments.replace(session, stream, positions.head(session).position, [segment], MONDAY)


def stored(plain: bytes) -> bytes:
    """Return *plain* as gzip without compression: one stored block."""
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    block = b"\x01" + struct.pack("<HH", len(plain), len(plain) ^ 0xFFFF) + plain
    return header + block + struct.pack("<II", zlib.crc32(plain), len(plain))
