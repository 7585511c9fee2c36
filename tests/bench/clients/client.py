"""The interface of a client of any system; the parts measure its methods."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Any, Protocol

from tests.bench.clients.wire import Wire

Replica = dict[tuple[str, str], dict[str, Any]]
"""(collection, key) → the record, decoded."""


@dataclass(frozen=True)
class Address:
    """The port of a system and the identity of the client that calls it."""

    client: str
    """Names the client: see `tests.bench.clients.kinds`."""
    port: int
    headers: Mapping[str, str]
    options: Mapping[str, Any]


class FirstSync(Protocol):
    """What the client of every system does. `state` is what it needs to ask for changes, as JSON."""

    wire: Wire
    state: Any

    def first_sync(self) -> Sized:
        """Fetch everything that the rep may read, decode it, and keep the position in `state`."""


class Client(FirstSync, Protocol):
    """A client that syncs and pushes: all but those of the static file and of the reference device."""

    def catch_up(self) -> None:
        """Bring `state` up to date without keeping the records."""

    def delta(self) -> Sized:
        """Fetch and decode what has changed since `state`, and leave `state` as it is."""

    def polls(self) -> list[bytes]:
        """Return the raw requests of one idle poll, whose responses say that nothing has changed."""

    def push(self, documents: list[dict[str, Any]]) -> int:
        """Push one batch of orders; return how many the server has accepted."""
