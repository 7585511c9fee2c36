"""One deadline for a whole exchange: connecting, TLS, headers and body together.

The timeout of httpx starts again with each piece that arrives. A server that sends one byte of a header per
minute, or one interim reply after another, would block a worker for days.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit what a `Transport` does in the block to *seconds*; then httpx raises a timeout."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """Return how long the next wait may take. Raises *late* if no time is left."""
    until = _until.get()
    if until is None:
        return timeout
    remaining = until - time.monotonic()
    if remaining <= 0:
        raise late("the whole exchange takes too long")
    return remaining if timeout is None else min(timeout, remaining)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        remaining = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, remaining))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        remaining = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, remaining, local_address, socket_options))


class Transport(httpx.HTTPTransport):
    """The transport of httpx, limited by `within`."""

    def __init__(self, verify: ssl.SSLContext | bool) -> None:
        # No proxies or certificates from the environment: how the ERP is reached is set by options only.
        super().__init__(verify=verify, trust_env=False)
        self._pool.close()
        # httpx has no argument for this. The tests with slow servers fail if it stops working.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify, trust_env=False), network_backend=_Backend()
        )
