"""What a client of any system can do; the parts measure these and nothing else."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Any, Protocol

from tests.bench.clients.wire import Wire

Replica = dict[tuple[str, str], dict[str, Any]]
"""(collection, key) → the record, decoded."""


@dataclass(frozen=True)
class Address:
    """Where a system is, and as whom to speak to it."""

    client: str
    """Names the client: see `tests.bench.clients.kinds`."""
    port: int
    headers: Mapping[str, str]
    options: Mapping[str, Any]


class Client(Protocol):
    """A rep's client. `state` is what it must know to ask for changes; it is JSON."""

    wire: Wire
    state: Any

    def first_sync(self) -> Sized:
        """Fetch everything the rep hears, decode it, and remember where the client stands."""

    def catch_up(self) -> None:
        """Learn where the server stands without fetching what it holds, so that `state` is up to date."""

    def delta(self) -> Sized:
        """Fetch what has changed since `state`, decoded; `state` stays."""

    def polls(self) -> list[bytes]:
        """Return the requests of one idle poll, as they travel; each is answered that nothing is new."""

    def push(self, documents: list[dict[str, Any]]) -> int:
        """Push one batch of orders; return how many the server says it has taken."""
