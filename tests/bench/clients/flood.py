"""Many connections in one thread, each of which polls again as soon as it gets a response."""

import asyncio
import re
import time
from typing import Any

from tests.bench.clients.wire import Refused

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Poller(asyncio.Protocol):
    """Sends the requests of a poll one after another, again and again."""

    def __init__(self, requests: list[bytes], until: float, finished: asyncio.Future[None]) -> None:
        self.requests, self.until, self.done = requests, until, finished
        self.polls = 0
        self.bytes = 0
        self._at = 0
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self.requests[0])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.bytes += len(data)
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self._buffer[:end]
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 304"):
            length_of_reply = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < length_of_reply:
                return None
            if not head.startswith(b"HTTP/1.1 200") or b'"changes":{}' not in self._buffer:
                return self._fail(Refused(f"a poll was answered {self._buffer[:600]!r}"))
        self._buffer = b""
        self._at = (self._at + 1) % len(self.requests)
        if self._at == 0:
            self.polls += 1
            if time.perf_counter() > self.until:
                self._transport.close()
                return self.done.set_result(None)
        self._transport.write(self.requests[self._at])
        return None

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._fail(error or ConnectionError("the server closed a polling connection"))

    def _fail(self, error: Exception) -> None:
        self._transport.close()
        if not self.done.done():
            self.done.set_exception(error)


def flood(port: int, polls: list[list[bytes]], seconds: float) -> dict[str, Any]:
    """Poll for *seconds*, one connection for each of *polls*; return how many polls were answered."""
    return asyncio.run(_flood(port, polls, seconds))


async def _flood(port: int, polls: list[list[bytes]], seconds: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    pollers, ends = [], []
    for requests in polls:
        finished: asyncio.Future[None] = loop.create_future()
        pollers.append(_Poller(requests, started + seconds, finished))
        ends.append(finished)
        await loop.create_connection(lambda p=pollers[-1]: p, "127.0.0.1", port)
    await asyncio.gather(*ends)
    took = time.perf_counter() - started
    count = sum(poller.polls for poller in pollers)
    return {"polls": count, "seconds": took, "bytes": sum(p.bytes for p in pollers) // max(1, count)}
