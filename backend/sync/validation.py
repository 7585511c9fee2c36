"""Validation of a pushed document: its envelope, its hash, its form, and the records that it cites."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import orjson

from backend.feed.live import Ref
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.order_prices import OLDEST_ORDER_DATE
from sync_protocol.collection import CheckContext, Kind, schema_faults
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Record
from sync_protocol.limits import LIMITS
from sync_protocol.price_check import PriceData
from sync_protocol.sentence import sentence
from sync_protocol.submission import SubmissionSchema
from sync_protocol.zone import date_in

MAX_PATH_CHARACTERS = 200
"""Characters of a field's path in a reply."""

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class ParsedSubmission:
    """A document with a valid envelope whose body matches its sha256."""

    id: str
    envelope: Mapping[str, Any]
    """The document as it arrived, without its body."""
    envelope_text: str
    """The envelope as JSON."""
    body: Mapping[str, Any]
    body_text: str
    """The body in canonical form."""
    kind: Kind | None
    """None if this server does not know the kind."""
    form_faults: list[Fault]
    """The faults of the body against its kind's schema."""

    @property
    def references(self) -> set[Ref]:
        """The records that the body cites; empty if its form has faults."""
        return self.kind.references(self.body) if self.kind and not self.form_faults else set()

    @property
    def consulted(self) -> set[Ref]:
        """The records that the kind's rules read; empty if its form has faults."""
        return set(self.kind.rules.cited(self.body)) if self.kind and not self.form_faults else set()

    @property
    def price_lookups(self) -> set[tuple[str, str]]:
        """The (price list, product) whose prices are compared; empty if its form has faults."""
        return self.kind.price_lookups(self.body) if self.kind and not self.form_faults else set()


@dataclass(frozen=True)
class MalformedSubmission:
    """A document that cannot be stored as a submission; `id` is None if no valid id can be read."""

    id: str | None
    document: Any
    faults: list[Fault]


def parse(document: Any) -> ParsedSubmission | MalformedSubmission:
    """Check the envelope and the hash of *document* (any JSON value).

    The fields of an envelope are those of `sync_protocol.submission.SubmissionSchema`. The body is compared
    with its sha256 in canonical form (RFC 8785).
    """
    if not isinstance(document, dict):
        return MalformedSubmission(
            None, document, [Fault(ErrorCode.NOT_A_SUBMISSION, "", sentence("json_object"))]
        )
    faults = schema_faults(SubmissionSchema, document)
    id = document.get("id") if not any(fault.field == "id" for fault in faults) else None
    if faults:
        return MalformedSubmission(id, document, faults)
    envelope = {name: value for name, value in document.items() if name != "body"}
    if id in (document.get("depends_on") or []):
        fault = Fault(ErrorCode.FIELD_INVALID, "depends_on", sentence("names_itself"))
        return MalformedSubmission(id, document, [fault])
    try:
        envelope_text = _envelope_text(envelope)
        text = canonical(document["body"])
    except UnicodeEncodeError:
        reason = "contains half of a surrogate pair, which is not text"
        return MalformedSubmission(id, document, [Fault(ErrorCode.NOT_CANONICAL, "", reason)])
    except NotCanonical as error:
        path = f"body.{error.path}" if error.path else "body"
        # A path consists of the body's own names, which may have any length and content.
        path = path.encode("ascii", "backslashreplace").decode()[:MAX_PATH_CHARACTERS]
        return MalformedSubmission(id, document, [Fault(ErrorCode.NOT_CANONICAL, path, error.reason)])
    if len(text) > LIMITS.submission_bytes:
        fault = Fault(
            ErrorCode.SUBMISSION_TOO_LARGE, "body", sentence("body_too_large", bytes=LIMITS.submission_bytes)
        )
        return MalformedSubmission(id, document, [fault])
    if sha256(text).hexdigest() != document["sha256"]:
        return MalformedSubmission(
            id, document, [Fault(ErrorCode.BODY_MISMATCH, "sha256", sentence("hash_differs"))]
        )
    kind = KINDS.get(document["kind"])
    form_faults = kind.form_faults(document["body"]) if kind else []
    body_text = text.decode()
    return ParsedSubmission(str(id), envelope, envelope_text, document["body"], body_text, kind, form_faults)


def _envelope_text(envelope: Mapping[str, Any]) -> str:
    """Return *envelope* as JSON; raises `UnicodeEncodeError` for half of a surrogate pair."""
    try:
        return orjson.dumps(envelope).decode()
    except TypeError:
        # A number of a newer app's field may be larger than the quick encoder knows.
        text = _write(envelope)
        text.encode()
        return text


@dataclass(frozen=True)
class Contexts:
    """What checks read beside a document. Most documents of a push have one time zone and need no receipts.

    *records* are those that the rep may cite or read, by (collection, key). *now* is the server's clock; dates
    are compared with its date in the document's own time zone.
    """

    records: Mapping[Ref, Record]
    now: dt.datetime
    _made: dict[tuple[str, tuple[str, ...]], CheckContext] = field(default_factory=dict)

    def of(self, submission: ParsedSubmission) -> CheckContext:
        """Return the context of *submission*."""
        zone, needs = submission.envelope.get("zone") or "UTC", tuple(submission.envelope.get("needs") or ())
        context = self._made.get((zone, needs))
        if context is None:
            context = self._made[zone, needs] = CheckContext(
                today=date_in(zone, self.now),
                lookup=lambda collection, key: self.records.get((collection, key)),
                needs=frozenset(needs),
            )
        return context


def validate(submission: ParsedSubmission, citable: Contexts) -> list[Fault]:
    """Return the faults of the contents; *citable* has the records that the rep may cite."""
    if submission.kind is None:
        name = json.dumps(submission.envelope["kind"], ensure_ascii=False)
        return [Fault(ErrorCode.UNKNOWN_KIND, "kind", sentence("unknown_kind", name=name))]
    return submission.form_faults or submission.kind.content_faults(submission.body, citable.of(submission))


def warnings(submission: ParsedSubmission, readable: Contexts) -> list[Fault]:
    """Return what the rep should know about *submission*, which has no faults.

    *readable* has the records that the rep may read now: a warning tells their contents.
    """
    if submission.kind is None:
        return []
    return submission.kind.warnings(submission.body, readable.of(submission))


def approvals(submission: ParsedSubmission, citable: Contexts, data: PriceData | None) -> list[Fault]:
    """Return why *submission*, which has no faults, waits for the office; *citable* as of `validate`.

    A capture is never later than now, and one that is older than the prices that are kept counts as now.
    """
    if submission.kind is None or data is None:
        return []
    now, zone = citable.now, submission.envelope.get("zone") or "UTC"
    captured = dt.datetime.fromisoformat(submission.envelope["captured_at"])
    if not now - OLDEST_ORDER_DATE <= captured <= now:
        captured = now
    context = replace(citable.of(submission), captured=date_in(zone, captured), price_data=data)
    return submission.kind.approvals(submission.body, context)
