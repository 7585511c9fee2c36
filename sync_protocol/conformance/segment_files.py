"""The segments' end of the scripted server: files by name, whole or from a byte on."""

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.segment import MEDIA_TYPE, name_of


class SegmentFiles:
    """Files that may be fetched, by their sha256; `sent` counts the bytes of answers."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.sent = 0

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
        asked = request.headers.get("range", "")
        fresh = request.headers.get("if-range", f'"{name}"') == f'"{name}"'
        if asked.startswith("bytes=") and fresh:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            if start >= len(data):
                return problem(416, "range_beyond_end", {"Content-Range": f"bytes */{len(data)}"})
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self._counted(Reply(206, data[start:], headers))
        return self._counted(Reply(200, data, headers))

    def _counted(self, reply: Reply) -> Reply:
        self.sent += len(reply.body)
        return reply
