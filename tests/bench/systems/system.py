"""What a server must do to take part."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.records import Record


class System(Protocol):
    """A server with its database. Made, filled, started, measured, stopped, in this order."""

    name: str
    port: int

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        """Create the database and write the data set into it, as far as possible by the front door."""

    def start(self) -> None:
        """Start the web processes and wait until they answer."""

    def change(self, records: Sequence[tuple[str, Record]]) -> None:
        """Write changed records, as the ERP's reading would."""

    def address(self, rep: BenchRep) -> Address:
        """Return where and as whom a client of *rep* speaks; the token in it is fresh."""

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        """Return *documents* (id, body) as this system's clients push them."""

    @property
    def web(self) -> list[int]:
        """Ids of the web processes' parents."""

    def stop(self) -> None:
        """End the web processes; the database stays."""
