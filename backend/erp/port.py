"""The port. A connector is a class that answers it, found by name among the entry points.

Every method may raise `ErpError`, and nothing else on purpose; whatever else escapes counts as UNKNOWN.
No method touches our database. All are safe to call again.
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
    """What Satchel asks of an ERP."""

    name: str

    def check(self) -> Health:
        """Say whether the ERP answers, its version and clock, and what stands in the way."""

    def capabilities(self) -> Capabilities:
        """Say what can be done with the ERP that was found."""

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark* (None: from the start)."""

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Return single records of *collection* anew, whatever was read before.

        *keys* are keys of records, or the `external_id` of bad rows. What is neither among the records nor
        among the bad rows that come back is not there any more. The page's watermark is empty.
        """

    def keys(self, collection: str) -> Iterable[str]:
        """List the keys of all records that exist, for the sweep that finds deletions."""

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the ERP's documents that carry our key: none, one, or the two that must not be."""

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        """Return the ERP's documents of *kind* under *number*, whoever made them, each with the key it carries.

        None if there is none. Raises `ErpError` REJECT_OFFICE where the ERP cannot be asked for numbers.
        """

    def create(self, document: Document) -> ErpDocument:
        """Create the document in the ERP's first state, with its id as the external reference."""

    def advance(self, document: Document, found: ErpDocument) -> Outcome:
        """Take a document that is there as far as it goes (quote, confirm, post), from wherever it stands."""

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Set each line of the ERP's forecast to its quantity; return the ERP's line per product id."""

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        """Return late answers to documents that were handed over; the same ones until they are put away."""

    def confirm(self, token: str) -> None:
        """Note that the acknowledgement with *token* has been settled."""

    def close(self) -> None:
        """Let go of connections."""


class ConnectorMissing(LookupError):
    """No connector of that name is installed, or its settings are wrong; the message says which."""


def installed() -> list[str]:
    """Return the names of the connectors that are installed."""
    return sorted(point.name for point in importlib.metadata.entry_points(group=ENTRY_POINTS))


def connect(name: str, options: Mapping[str, str]) -> Connector:
    """Return the connector *name* set up with *options* (the SATCHEL_ERP_… settings, lower-case).

    Raises `ConnectorMissing` if there is none or one of its options is wrong. No connection is made yet.
    """
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS, name=name):
        try:
            connector: Connector = point.load()(options)
        except ValueError as error:
            raise ConnectorMissing(str(error)) from None
        return connector
    raise ConnectorMissing(f"there is no connector {name!r}; installed are {', '.join(installed()) or 'none'}")
