"""The segments of the scripted server: files by name, whole or from a byte offset.

Separate from `scripted_server`, because it needs nothing of the script.
"""

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.segment import MEDIA_TYPE, name_of


class SegmentFiles:
    """Files that may be fetched, by their sha256. `bytes_sent` counts the bytes of all replies."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files: dict[str, bytes] = {} if files is None else files
        self.bytes_sent = 0

    def put(self, *files: bytes) -> None:
        """Offer *files*."""
        self.files |= {name_of(data): data for data in files}

    def answer(self, request: Request) -> Reply:
        """Answer a request for a segment."""
        name = request.path.rpartition("/")[2]
        data = self.files.get(name)
        if data is None:
            return problem(410, "segment_gone")
        headers = {"Content-Type": MEDIA_TYPE, "ETag": f'"{name}"', "Accept-Ranges": "bytes"}
        range_header = request.headers.get("range", "")
        is_same_file = request.headers.get("if-range", f'"{name}"') == f'"{name}"'
        if range_header.startswith("bytes=") and is_same_file:
            start = int(range_header.removeprefix("bytes=").partition("-")[0])
            if start >= len(data):
                return problem(416, "range_beyond_end", {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self._counted(Reply(206, data[start:], headers))
        return self._counted(Reply(200, data, headers))

    def _counted(self, reply: Reply) -> Reply:
        self.bytes_sent += len(reply.body)
        return reply
