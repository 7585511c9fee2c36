"""What a connector's tests provide, so that the contract can run against its ERP."""

from typing import Protocol

from backend.erp.port import Connector
from backend.erp.records import Document, ForecastLine


class ConnectorFixture(Protocol):
    """An ERP with some data, and ways to change and inspect it without the connector.

    Each call that returns a document returns a new one with a ULID of its own.
    """

    def connect(self) -> Connector:
        """Return a new connector to the running ERP, as another process would. The suite closes it."""

    def connect_dead(self) -> Connector:
        """Return a connector whose ERP does not answer at all."""

    def example(self, kind: str) -> Document:
        """Return a document of *kind* that the ERP accepts, with all that it may have: lines, receipts, …

        The suite asks for an order, and for each kind that the connector forwards with a document of its own.
        """

    def refused_order(self) -> Document:
        """Return an order that the ERP itself refuses."""

    def forecast_lines(self) -> list[ForecastLine]:
        """Return at least two lines of one warehouse and month; the same lines at each call."""

    def change(self, collection: str) -> str:
        """Change one record of *collection* in the ERP, not the one that is read last. Return its key."""

    def changeable(self) -> tuple[str, ...]:
        """Return the collections that `change` can change; at least customers and orders."""

    def work(self) -> None:
        """Let an ERP that answers later process its documents now. Does nothing if it answers at once."""

    def count(self, kind: str, key: str) -> int:
        """Return how many documents of *kind* in the ERP carry our key, without the connector."""

    def refusal_words(self) -> str:
        """Return a part of the ERP's own text when it refuses `refused_order`."""
