"""Serving segments with ranges, as the server does, from the model's files."""

import re

import httpx

from sync_protocol.segment import MEDIA_TYPE
from tests.unit.device.feed_model import Feed


def answer(feed: Feed, request: httpx.Request) -> httpx.Response | None:
    """Return the answer to a request for a segment; None where there is none of that name."""
    name = request.url.path.rpartition("/")[2]
    data = feed.files.get(name)
    if data is None:
        return None
    tag = f'"{name}"'
    headers = {"Content-Type": MEDIA_TYPE, "ETag": tag, "Accept-Ranges": "bytes"}
    wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    if wanted is None or request.headers.get("if-range", tag) != tag:
        return httpx.Response(200, headers=headers, content=data)
    start = int(wanted[1])
    if start >= len(data):
        return httpx.Response(416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    return httpx.Response(206, headers=headers, content=data[start:])


class Cut(httpx.SyncByteStream):
    """The first *size* bytes of a body, and then the line breaks."""

    def __init__(self, content: bytes, size: int) -> None:
        self.content, self.size = content, size

    def __iter__(self):  # type: ignore[no-untyped-def]
        for start in range(0, self.size, 1000):
            yield self.content[start : min(self.size, start + 1000)]
        raise httpx.ReadError("connection reset")


def cut(whole: httpx.Response, size: int) -> httpx.Response:
    """Return *whole* as it arrives over a line that breaks after *size* bytes of the body."""
    headers = [(k, v) for k, v in whole.headers.items() if k not in ("content-length",)]
    return httpx.Response(whole.status_code, headers=headers, stream=Cut(whole.content, size))
