"""The port. A connector is a class that implements it; it is found by name among the entry points.

Every method may raise `ErpError` and should raise nothing else; any other exception counts as UNKNOWN.
No method uses Satchel's database. Every method may be called again.
"""

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from backend.erp.records import (
    Acknowledgement,
    Capabilities,
    Document,
    ErpDocument,
    ForecastLine,
    Health,
    Outcome,
    ReadPage,
)

ENTRY_POINTS = "satchel.connectors"


class Connector(Protocol):
    """What Satchel needs from an ERP."""

    name: str

    def check(self) -> Health:
        """Return whether the ERP answers, its version and clock, and its problems. Does not raise."""

    def capabilities(self) -> Capabilities:
        """Return what the connector can do with this ERP."""

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark* (None: from the start).

        The connector does not validate them: ingest does, once.
        """

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Read single records of *collection* again, independent of any watermark.

        *keys* are keys of records or the `external_id` of bad rows. A key that is missing in both the returned
        records and the bad rows no longer exists. The page's watermark is empty.
        """

    def keys(self, collection: str) -> Iterable[str]:
        """Yield the keys of all records that exist. The sweep finds deletions with them."""

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the ERP's documents that carry our key.

        Usually none or one; two or more mean a duplicate, which the caller must report.
        """

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        """Return all documents of *kind* with *number*, each with its `key`, also those that we did not create.

        Raises `ErpError` REJECT_OFFICE if the ERP cannot look up numbers of this kind.
        """

    def create(self, document: Document) -> ErpDocument:
        """Create the document in the ERP's first state, with its id as the external reference."""

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Take an existing document from any state to its last one (quote, confirm, post)."""

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Set each line of the ERP's forecast to its quantity. Return the ERP's line by product id."""

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        """Return late answers to documents that were handed over. Each is returned until it is confirmed."""

    def answer(self, kind: str, key: str) -> Outcome | None:
        """Return the ERP's newest answer to the document with our key that was handed over, or None.

        Also an answer that was confirmed already: after a restore our database may not know it any more.
        """

    def confirm(self, token: str) -> None:
        """Mark the acknowledgement with *token* as settled, so that it is not returned again."""

    def close(self) -> None:
        """Close connections and files."""


class ConnectorMissing(LookupError):
    """No connector has that name, or one of its options is wrong; the message says which."""


def installed() -> list[str]:
    """Return the names of the connectors that are installed."""
    return sorted(point.name for point in importlib.metadata.entry_points(group=ENTRY_POINTS))


def connect(name: str, options: Mapping[str, str]) -> Connector:
    """Return the connector *name*, configured with *options* (name → value of the settings SATCHEL_ERP_…).

    The names are in lower case, without the prefix. No connection is opened yet.

    Raises:
        ConnectorMissing: no connector has that name, or one of its options is wrong.
    """
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS, name=name):
        try:
            connector: Connector = point.load()(options)
        except ValueError as error:
            raise ConnectorMissing(str(error)) from None
        return connector
    raise ConnectorMissing(f"there is no connector {name!r}; installed are {', '.join(installed()) or 'none'}")
