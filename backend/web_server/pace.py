"""How long a client may take: a time for everybody, and a second more for each so many bytes.

The same rule holds for a request's head, for its body, and for the reading of a reply: a phone on a slow line
has the time that it needs, and a client that sends a byte now and then has not.
Apart from `worker.py`, because the settings are read here and the tests reckon with it.
"""

from dataclasses import dataclass
from typing import Self

from backend.settings import Settings
from sync_protocol.limits import LIMITS

MIB = 2**20


@dataclass(frozen=True)
class Pace:
    """The limits of one web process. Times are in seconds."""

    seconds: float = 20
    """Time for a head, a body or a reply, however short."""
    bytes_per_second: float = 500
    """Every so many bytes give one second more."""
    keepalive_seconds: float = 15
    """How long a connection may stay open between two requests."""
    connections: int = 1000
    buffer_bytes: int = 64 * MIB
    """Bodies that are still arriving and replies that are still leaving, all together."""
    body_bytes: int = LIMITS.push_bytes
    """Largest body; the routes have limits of their own, which are not above this one."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits in *settings*."""
        return cls(
            seconds=settings.web_client_seconds,
            bytes_per_second=settings.web_client_bytes_per_second,
            connections=settings.web_connections,
            buffer_bytes=settings.web_buffer_mib * MIB,
        )

    def deadline(self, began: float, transferred: int) -> float:
        """Return until when a transfer that *began* then may last, with so many bytes *transferred*."""
        return began + self.seconds + transferred / self.bytes_per_second
