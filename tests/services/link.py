"""The properties of a line: rate, delay and loss, and the profiles of mobile networks.

Loss is modelled by its effect through TCP: a stall of one retransmission timeout, in which
nothing of that connection arrives. The collapse of TCP's congestion window after it is not modelled, nor is the
slow start of a connection; real lines of the same name are somewhat slower.
"""

import time
from dataclasses import dataclass, replace
from random import Random
from typing import Self

PACKET = 1_400
"""Bytes that are lost or delivered together."""
MIN_TIMEOUT = 0.2
"""The shortest retransmission timeout, in seconds (Linux)."""


@dataclass(frozen=True)
class Link:
    """A line. Both directions have the same rate; all connections share it."""

    rate: float | None = None
    """Bits per second; None for no limit."""
    rtt: float = 0.0
    """Round-trip time in seconds."""
    jitter: float = 0.0
    """Largest random extra delay of a packet, one way, in seconds; the order within a connection is kept."""
    loss: float = 0.0
    """The share of packets that are lost."""

    def but(self, **changes: float) -> Self:
        """Return this line with *changes*."""
        return replace(self, **changes)


PERFECT = Link()
GPRS = Link(rate=50_000, rtt=0.8, jitter=0.1, loss=0.02)
EDGE = Link(rate=250_000, rtt=0.4, jitter=0.05, loss=0.02)
G3 = Link(rate=780_000, rtt=0.2, jitter=0.02, loss=0.01)
PROFILES = {"GPRS": GPRS, "EDGE": EDGE, "3G": G3}


class Lane:
    """One direction of a line: computes when a packet arrives. All connections queue in the same lane."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._free = 0.0

    def arrival(self, size: int, link: Link) -> float:
        """Return the time (`time.monotonic`) at which a packet of *size* bytes, sent now, arrives."""
        now = time.monotonic()
        if link.rate:
            self._free = max(self._free, now) + size * 8 / link.rate
        else:
            self._free = now
        delay = link.rtt / 2
        if link.jitter:
            delay += self._draw.random() * link.jitter
        if link.loss and self._draw.random() < link.loss:
            delay += max(MIN_TIMEOUT, 2 * link.rtt)
        return self._free + delay
