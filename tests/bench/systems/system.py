"""The interface of a server that is measured."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.records import Record


class System(Protocol):
    """A server with its database: it is created, filled, started, measured and stopped, in this order."""

    name: str
    port: int

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        """Create the database and write the data set into it, through the server's own API where possible."""

    def start(self) -> None:
        """Start the web processes and wait until they respond."""

    def change(self, records: Sequence[tuple[str, Record]]) -> None:
        """Write changed records, as reading the ERP would."""

    def address(self, rep: BenchRep) -> Address:
        """Return the address for a client of *rep*, with a fresh token."""

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        """Return *documents* (id, body) as this system's clients push them."""

    @property
    def web(self) -> list[int]:
        """Ids of the web processes' parents."""

    def stop(self) -> None:
        """End the web processes; the database stays."""
