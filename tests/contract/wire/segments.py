"""The part of the story in which a page offers a segment, the phone fetches a range, and its file is lost."""

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


def tell(story: Any) -> None:
    """Run it; afterwards no segment is offered any more."""
    story.stage.offer_segment("territory:NW", "customers")
    about = "A first page that offers a segment of the customers; `then` is the cursor after it is applied."
    page = story.ask("pull-segments", about, "GET", "/v1/pull", query={"schema": "2"}).json
    (offer,) = page["segments"]
    path, tag = f"/v1/segments/{offer['sha256']}", f'"{offer["sha256"]}"'
    about = "The rest of a segment after the connection broke at byte 400."
    story.ask("segment-range", about, "GET", path, headers={"Range": "bytes=400-", "If-Range": tag})
    about = "A range beyond the end; Content-Range has the size."
    story.ask("problem-range_beyond_end", about, "GET", path, headers={"Range": "bytes=99999-"})
    about = "A signed link that has expired."
    query = {"expires": "1795424400", "signature": "Ys7rNQcH1nJr5HFoWJrNsRaA6qJVkPIQYBSmKxGJbGQ"}
    story.ask("problem-link_invalid", about, "GET", path, query=query, token=None)
    story.stage.lose_segments()
    story.ask("problem-segment_gone", "The file is gone, and the segment is no longer offered.", "GET", path)


def offer(sessions: Sessions, store: Store, stream: Stream) -> None:
    """Offer one segment of all of *stream*; its bytes do not depend on the version of zlib."""
    with sessions() as session, session.begin():
        rows = [(row.key, str(row.body)) for row in reading.rows_by_key(session, stream, None, 1_000)]
        data = stored(gzip.decompress(encode(stream, KeyRange(), rows)))
        store.put(name_of(data), data)
        segment = SegmentInfo(KeyRange(), name_of(data), len(data), len(rows))
        segments.replace(session, stream, positions.head(session).position, [segment], MONDAY)


def stored(plain: bytes) -> bytes:
    """Return *plain* as gzip that does not compress: one stored block."""
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    block = b"\x01" + struct.pack("<HH", len(plain), len(plain) ^ 0xFFFF) + plain
    return header + block + struct.pack("<II", zlib.crc32(plain), len(plain))
