"""A TCP proxy that simulates a bad line: slow, lossy, cut, hanging, closed, or one that loses a reply.

Stands before any server, needs no root, and runs in a thread of its own. Every knob may be turned while
connections are open. With the same seed and one connection at a time it does the same again.
"""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator
from random import Random
from types import TracebackType
from typing import Self

from tests.services.link import PACKET, PERFECT, Lane, Link

AHEAD = 64
"""Packets that may be in transit in one direction of one connection: the buffers of a real line."""
MARKER_WINDOW = 200_000
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """A proxy before *port*; clients connect to `proxy.port` on 127.0.0.1.

    `link` says how fast the line is. `lose(marker)` drops the answer to a request after the work was done;
    `cut(down=n)` breaks the line after n bytes; `hang`, `refuse` and `heal` say whether anything passes at all.
    `up`, `down` and `connections` count what arrived, `lost` and `cuts` what was done to it.
    """

    def __init__(self, port: int, link: Link = PERFECT, *, host: str = "127.0.0.1", seed: int = 7) -> None:
        self.link = link
        self.hanging = False
        self.refusing = False
        self.up = self.down = self.connections = self.lost = self.cuts = 0
        self._upstream = (host, port)
        self._markers: list[bytes] = []
        self._cut: dict[str, list[int]] = {"up": [], "down": []}
        self._passed = {"up": 0, "down": 0}
        draw = Random(seed)
        self._lanes = {"up": Lane(draw), "down": Lane(draw)}
        self._open: set[asyncio.StreamWriter] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def lose(self, marker: bytes, times: int = 1) -> None:
        """Drop the answers to the next *times* requests that contain *marker*.

        The server's answer is awaited before both connections are closed, so the work was done: this is
        the lost reply after a commit, the most ordinary fault there is.
        """
        self._markers += [marker] * times

    def cut(self, *, down: int | None = None, up: int | None = None, times: int = 1) -> None:
        """Close every connection when *down* (or *up*) more bytes have arrived, *times* times over."""
        for way, size in (("down", down), ("up", up)):
            if size is not None:
                self._cut[way] += [size] * times

    def hang(self) -> None:
        """Pass no bytes from now on, but close nothing: a dead line that neither end notices."""
        self.hanging = True

    def refuse(self) -> None:
        """Reset every connection, and refuse new ones until `heal`."""
        self.refusing = True
        self.reset()

    def point(self, port: int) -> None:
        """Forward to *port* from now on, as when an address moves to another server."""
        self._upstream = (self._upstream[0], port)
        self.reset()

    def reset(self) -> None:
        """Reset every open connection, now."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def heal(self) -> None:
        """Pass everything again and forget pending cuts and markers; `link` stays."""
        self.hanging = self.refusing = False
        self._markers.clear()
        for sizes in self._cut.values():
            sizes.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        self._reset_all()
        if tasks := asyncio.all_tasks(self._loop):
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        if self.refusing:
            return self._reset_one(writer)
        # A handshake takes a round trip, which the client's own TCP has not waited for on loopback.
        await asyncio.sleep(self.link.rtt)
        try:
            server, to_server = await asyncio.open_connection(*self._upstream)
        except OSError:
            return self._reset_one(writer)
        self._open.add(to_server)
        for end in (writer, to_server):
            # `drain` returns when all bytes are sent, so that every byte that is counted has left.
            end.transport.set_write_buffer_limits(high=0)
        doomed = asyncio.Event()
        ways = (self._upward(reader, to_server, doomed), self._downward(server, writer, doomed))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(*ways)
        for end in (writer, to_server):
            self._open.discard(end)
            end.close()
        return None

    async def _upward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        recent = b""
        async for packet in self._travel(reader, "up"):
            if self._markers:
                recent = (recent + packet)[-MARKER_WINDOW:]
                marker = next((marker for marker in self._markers if marker in recent), None)
                if marker is not None:
                    self._markers.remove(marker)
                    recent = b""
                    doomed.set()
            writer.write(packet)
            await writer.drain()
        if not doomed.is_set() and writer.can_write_eof():
            writer.write_eof()

    async def _downward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        async for packet in self._travel(reader, "down"):
            if doomed.is_set():
                self.lost += 1
                return self._reset_one(writer)
            writer.write(packet)
            await writer.drain()
        return writer.close()

    async def _travel(self, reader: asyncio.StreamReader, way: str) -> AsyncIterator[bytes]:
        """Yield packets as they arrive at the other end of the line."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD)
        sending = asyncio.ensure_future(self._send(reader, way, under_way))
        try:
            while True:
                arrival, packet = await under_way.get()
                while self.hanging:
                    await asyncio.sleep(0.01)
                if (wait := arrival - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                if not packet:
                    return
                room = self._room(way, len(packet))
                if room:
                    yield packet[:room]
                if room < len(packet):
                    # Closed, not reset: a reset may destroy bytes that are counted as arrived.
                    for writer in list(self._open):
                        writer.close()
                    return
        finally:
            sending.cancel()

    async def _send(
        self, reader: asyncio.StreamReader, way: str, under_way: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        packet, latest = b"-", 0.0
        while packet:
            # A fast line has no need of small packets.
            size = PACKET if self.link.rate or self.link.loss or self._cut[way] else 64 * 1024
            try:
                packet = await reader.read(size)
            except OSError:
                packet = b""
            latest = max(latest, self._lanes[way].arrival(len(packet), self.link))
            await under_way.put((latest, packet))

    def _room(self, way: str, size: int) -> int:
        """Count an arriving packet of *size* bytes; return how many of them arrive before the line is cut."""
        cuts = self._cut[way]
        if cuts:
            self._passed[way] += size
            if self._passed[way] > cuts[0]:
                size -= self._passed[way] - cuts.pop(0)
                self._passed[way] = 0
                self.cuts += 1
        if way == "up":
            self.up += size
        else:
            self.down += size
        return size

    def _reset_all(self) -> None:
        for writer in list(self._open):
            self._reset_one(writer)

    def _reset_one(self, writer: asyncio.StreamWriter) -> None:
        """Close with RST, as a connection over a dead line ends."""
        self._open.discard(writer)
        with contextlib.suppress(OSError, AttributeError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
