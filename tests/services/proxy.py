"""A TCP proxy that loses an answer on purpose: the request arrives, the reply does not."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class LosingProxy:
    """Stands before *port* on 127.0.0.1; `lose(marker)` drops the next answer to a request that holds it.

    The upstream's answer is awaited before both connections are closed, so the work was done: this is
    the lost reply after a commit, the most ordinary fault there is.
    """

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.lost = 0
        self._markers: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def lose(self, marker: bytes, times: int = 1) -> None:
        """Drop the answers to the next *times* requests that contain *marker*."""
        self._markers += [marker] * times

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for connection in list(self._open):
            _shut(connection)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open |= {client, server}
            doomed = threading.Event()
            threading.Thread(target=self._upward, args=(client, server, doomed), daemon=True).start()
            threading.Thread(target=self._downward, args=(server, client, doomed), daemon=True).start()

    def _upward(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        recent = b""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                recent = (recent + data)[-200_000:]
                for marker in self._markers:
                    if marker in recent:
                        self._markers.remove(marker)
                        recent = b""
                        doomed.set()
                        break
                server.sendall(data)
        if not doomed.is_set():
            self._forget(client, server)

    def _downward(self, server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if doomed.is_set():
                    self.lost += 1
                    break
                client.sendall(data)
        self._forget(client, server)

    def _forget(self, *connections: socket.socket) -> None:
        for connection in connections:
            _shut(connection)
            self._open.discard(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
