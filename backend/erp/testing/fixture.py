"""What a connector's tests must lay at hand, so that the shared contract can be run against its ERP."""

from typing import Protocol

from backend.erp.port import Connector
from backend.erp.records import Document, ForecastLine


class ConnectorFixture(Protocol):
    """An ERP with some data in it, and hands that reach into it behind the connector's back.

    Documents are made anew at each call, each with a ULID of its own.
    """

    def connect(self) -> Connector:
        """Return a fresh connector to the living ERP, as another process has it; the suite closes it."""

    def connect_dead(self) -> Connector:
        """Return a connector whose ERP does not answer at all."""

    def order(self) -> Document:
        """Return an order of one line or more that the ERP takes."""

    def refused_order(self) -> Document:
        """Return an order that the ERP itself refuses."""

    def claim(self) -> Document:
        """Return an expense claim with one receipt that the ERP takes."""

    def forecast_lines(self) -> list[ForecastLine]:
        """Return two lines or more of one warehouse and month; the same ones at each call."""

    def change(self, collection: str) -> str:
        """Change one record of *collection* at the ERP, other than the last one read; return its key."""

    def changeable(self) -> tuple[str, ...]:
        """Name the collections that `change` can change; customers and orders at least."""

    def work(self) -> None:
        """Let an ERP that answers later do its work now. Nothing to do where the answer is immediate."""

    def count(self, kind: str, key: str) -> int:
        """Count the ERP's documents of *kind* that carry our key, without asking the connector."""

    def refusal_words(self) -> str:
        """Return a part of the ERP's own words for refusing `refused_order`."""
