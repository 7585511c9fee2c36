"""What passes through the port. Values only; the connector's own types stay inside it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from backend.erp.rows import BadRow, SourceRow
from backend.erp.sanitize import Sanitized
from sync_protocol.submission import State


@dataclass(frozen=True)
class Capabilities:
    """What a connector can do with the ERP it found."""

    collections: tuple[str, ...]
    """Collections it reads, in the order they should be read (parents first)."""
    kinds: frozenset[str]
    """Kinds of submission it can forward."""
    enforces_key: frozenset[str]
    """Kinds for which the ERP itself refuses a second document with our key."""
    lists_keys: frozenset[str]
    """Collections of which it can list all keys, so that deletions are found."""
    quiet_seconds: float
    """How long an outcome may stay open at the ERP: longer than its own longest request."""
    max_in_flight: int | None = None
    """Documents that it can take at once, from all workers together; None: as many as ask."""
    slowest_seconds: float | None = None
    """After how long any call of it has ended, with an answer or without; None: it sets no bound."""
    notes: tuple[str, ...] = ()
    """Sentences for the operator: a companion module that is missing, a right that is not granted."""


@dataclass(frozen=True)
class Health(Sanitized):
    """The answer of `check()`: problems are sentences that say what is wrong and what to do."""

    version: str
    server_time: dt.datetime | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is worth knowing and stands in nobody's way: an export that is late, a file that was set aside."""

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class ReadPage:
    """Records of one collection and the watermark to continue from.

    The records are not validated yet: ingest validates each one against the schema of its collection.
    `watermark` is opaque text that only the connector understands. Reading again from the same
    watermark returns at least the same records. Reading from the new watermark returns later records and may
    repeat some (the overlap).
    """

    records: tuple[Mapping[str, Any], ...]
    watermark: str
    more: bool
    gone: tuple[str, ...] = ()
    """Keys of records that the ERP reports as deleted."""
    bad: tuple[BadRow, ...] = ()
    """Rows that could not be mapped to a record."""
    complete_listing: bool = False
    """True at the end of a full snapshot: a record that was not in it no longer exists."""
    total: int | None = None
    """Number of records that a reading from the start returns, for a progress bar; None if not known."""
    sources: tuple[SourceRow, ...] = ()
    """The row behind each record, in the order of `records`. Quarantine keeps it if the record is invalid.
    May be empty; quarantine then keeps the record itself."""


@dataclass(frozen=True)
class RepInfo:
    """Whose document it is."""

    id: str
    name: str
    employee_number: str | None


@dataclass(frozen=True)
class ReceiptFile:
    """A receipt that goes with a document."""

    sha256: str
    media_type: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Document:
    """A submission on its way into the ERP. `id` is the key that the ERP is asked to keep."""

    id: str
    kind: str
    body: Mapping[str, Any]
    rep: RepInfo
    captured_at: str
    received_at: dt.datetime
    receipts: tuple[ReceiptFile, ...] = ()


@dataclass(frozen=True)
class ForecastLine:
    """One line of the ERP's forecast: the sum of the latest revisions of many submissions, in the base unit."""

    warehouse_id: str
    period: str
    product_id: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True)
class ErpDocument(Sanitized):
    """A document of the ERP; `state` is the ERP's own word."""

    external_id: str
    number: str | None
    state: str
    key: str | None = None
    """The key that it carries, where it was asked for by its number; None if it carries none of ours."""
    total: Decimal | None = None
    """Its total in its currency, as `Kind.total` computes it; None if the connector does not know it."""


@dataclass(frozen=True)
class Outcome(Sanitized):
    """What has become of a document: accepted, handed_over, on_hold or rejected."""

    state: State
    external_id: str | None = None
    number: str | None = None
    reason: str | None = None
    raw: str | None = None
    errors: tuple[dict[str, str], ...] = field(default=())
    """Faults by field, as they travel: {"code", "field", "message"}."""
    advice: str = ""
    """What the office does about it, in a sentence, where the connector knows."""


@dataclass(frozen=True)
class Acknowledgement:
    """A late answer to something handed over. `token` lets the connector put it away once it is settled."""

    kind: str
    key: str
    outcome: Outcome
    token: str
