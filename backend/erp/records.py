"""The values that pass through the port. Types of a connector or of its ERP stay inside the connector."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO

from backend.erp.rows import BadRow, SourceRow
from backend.erp.sanitize import Sanitized
from sync_protocol.errors import FaultJson
from sync_protocol.json_types import Body, Record
from sync_protocol.submission import State
from sync_protocol.zone import date_in

_CLOCK_ERROR = dt.timedelta(hours=1)
_LONGEST_IN_OUTBOX = dt.timedelta(days=366)


@dataclass(frozen=True)
class Capabilities:
    """What a connector can do with its ERP."""

    collections: tuple[str, ...]
    """Collections that it reads, in the order in which to read them: parents first."""
    kinds: frozenset[str]
    """Kinds of submission that it forwards."""
    enforces_key: frozenset[str]
    """Kinds for which the ERP itself refuses a second document with the same key."""
    lists_keys: frozenset[str]
    """Collections whose keys it can list, so that deletions are found."""
    quiet_seconds: float
    """Seconds after which a call of unknown outcome has ended in the ERP: longer than its longest request.
    SATCHEL_QUIET_SECONDS overrides it, so a connector needs no option for it."""
    max_in_flight: int | None = None
    """Most documents sent at once, by all workers together; None: no limit.
    SATCHEL_MAX_IN_FLIGHT overrides it."""
    slowest_seconds: float | None = None
    """Seconds after which any call has ended, with a reply or without; None: no bound."""
    notes: tuple[str, ...] = ()
    """Sentences for the operator, for example that a companion module or a right is missing."""


@dataclass(frozen=True)
class Health(Sanitized):
    """The result of `check()`. Problems and notes are sentences that say what to do."""

    version: str
    server_time: dt.datetime | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What the operator should know although everything works: an export is late, a file was set aside."""

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

    records: tuple[Record, ...]
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
    """The rep who captured a document."""

    id: str
    name: str
    employee_number: str | None


@dataclass(frozen=True)
class ReceiptFile:
    """A receipt of a document, as the ERP gets it. `open` returns a new stream of its bytes; `size` is theirs.

    `sha256` names the receipt: it is that of the file that the rep sent. The ERP gets a checked copy without
    metadata, whose sha256 is `content_sha256`.
    """

    sha256: str
    content_sha256: str
    media_type: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Document:
    """A submission to be sent to the ERP. `id` is the key that the ERP is asked to store with it.

    `body` has the shape of the kind's schema in the catalogue; `captured_at` is ISO 8601; `zone` is the IANA
    name of the time zone in which it was captured.
    """

    id: str
    kind: str
    body: Body
    rep: RepInfo
    captured_at: str
    received_at: dt.datetime
    receipts: tuple[ReceiptFile, ...] = ()
    zone: str = "UTC"

    @property
    def captured_on(self) -> dt.date:
        """The document's own date: that of its capture in its own zone, not in UTC.

        A device's clock may be wrong by years. If the capture lies after the arrival, or more than a year
        before it, the date is that of the arrival.
        """
        captured = dt.datetime.fromisoformat(self.captured_at)
        plausible = -_CLOCK_ERROR <= self.received_at - captured <= _LONGEST_IN_OUTBOX
        return date_in(self.zone, captured if plausible else self.received_at)


@dataclass(frozen=True)
class ForecastLine:
    """One line of the ERP's forecast: the sum of the latest revisions of many submissions.

    `period` is a month such as 2026-12; `quantity` is in the product's base unit, whose code is `unit`.
    """

    warehouse_id: str
    period: str
    product_id: str
    unit: str
    quantity: Decimal


@dataclass(frozen=True)
class ErpDocument(Sanitized):
    """A document in the ERP. `state` is the ERP's own name of its state."""

    external_id: str
    number: str | None
    state: str
    key: str | None = None
    """The key of ours that it carries. Set by `find_by_number`; None if it carries none."""
    total: Decimal | None = None
    """Its total in its currency, as `Kind.total` computes it; None if the connector does not know it.

    Of a line of the forecast: the quantity that the ERP has stored.
    """
    customer_id: str | None = None
    """The key of its customer in the feed. Set by `find_by_number`; None if it has none or it is not known."""


@dataclass(frozen=True)
class Outcome(Sanitized):
    """The result of sending a document: accepted, handed_over, on_hold or rejected."""

    state: State
    external_id: str | None = None
    number: str | None = None
    reason: str | None = None
    raw: str | None = None
    errors: tuple[FaultJson, ...] = field(default=())
    """Faults by field, as on the wire: {"code": …, "field": "lines[0].unit", "message": …}."""
    advice: str = ""
    """What the office should do, in a sentence; empty if the connector does not know."""
    total: Decimal | None = None
    """Its total in the ERP, as in `ErpDocument`."""


@dataclass(frozen=True)
class Acknowledgement:
    """A late answer to a document that was handed over. Pass `token` to `confirm` once it is settled."""

    kind: str
    key: str
    outcome: Outcome
    token: str
