"""Judging a captured document: is it whole, is it what the device hashed, may this rep say it."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from backend.feed.live import Ref
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import CheckContext, Kind, schema_faults
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.submission import SubmissionSchema

MAX_PATH = 200
"""Characters of a field's path in an answer."""


_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class ParsedSubmission:
    """A document whose envelope is in order and whose body is what its sha256 says."""

    id: str
    envelope: Mapping[str, Any]
    """The document as it came, without its body."""
    envelope_text: str
    """The same as JSON."""
    body: Mapping[str, Any]
    text: str
    """The body in canonical form."""
    kind: Kind | None
    """None for a kind this server does not know."""
    form: list[Fault]
    """What is wrong with the body's form."""

    @property
    def references(self) -> set[Ref]:
        """The records that the body cites; none where its form is wrong."""
        return self.kind.references(self.body) if self.kind and not self.form else set()


@dataclass(frozen=True)
class MalformedSubmission:
    """A document that cannot be stored as a submission; `id` is None where none can be read."""

    id: str | None
    document: Any
    faults: list[Fault]


def parse(document: Any) -> ParsedSubmission | MalformedSubmission:
    """Check the envelope and the hash of one pushed *document* (any JSON value)."""
    if not isinstance(document, dict):
        return MalformedSubmission(
            None, document, [Fault(ErrorCode.NOT_A_SUBMISSION, "", "must be a JSON object")]
        )
    faults = schema_faults(SubmissionSchema, document)
    id = document.get("id") if not any(fault.field == "id" for fault in faults) else None
    if faults:
        return MalformedSubmission(id, document, faults)
    envelope = {name: value for name, value in document.items() if name != "body"}
    if id in (document.get("depends_on") or []):
        fault = Fault(ErrorCode.FIELD_INVALID, "depends_on", "names the document itself")
        return MalformedSubmission(id, document, [fault])
    try:
        envelope_text = _write(envelope)
        envelope_text.encode()
        text = canonical(document["body"])
    except UnicodeEncodeError:
        reason = "contains half of a surrogate pair, which is not text"
        return MalformedSubmission(id, document, [Fault(ErrorCode.NOT_CANONICAL, "", reason)])
    except NotCanonical as error:
        where = f"body.{error.path}" if error.path else "body"
        # A path is made of the body's own names, which may be of any length and content.
        where = where.encode("ascii", "backslashreplace").decode()[:MAX_PATH]
        return MalformedSubmission(id, document, [Fault(ErrorCode.NOT_CANONICAL, where, error.reason)])
    if len(text) > LIMITS.submission_bytes:
        fault = Fault(ErrorCode.SUBMISSION_TOO_LARGE, "body", f"is larger than {LIMITS.submission_bytes} bytes")
        return MalformedSubmission(id, document, [fault])
    if sha256(text).hexdigest() != document["sha256"]:
        return MalformedSubmission(
            id, document, [Fault(ErrorCode.BODY_MISMATCH, "sha256", "is not the sha256 of the body")]
        )
    kind = KINDS.get(document["kind"])
    form = kind.form_faults(document["body"]) if kind else []
    return ParsedSubmission(str(id), envelope, envelope_text, document["body"], text.decode(), kind, form)


def validate(sealed: ParsedSubmission, known: Mapping[Ref, Mapping[str, Any]], today: dt.date) -> list[Fault]:
    """Return what is wrong with the contents; *known* are the records that the rep may cite."""
    if sealed.kind is None:
        name = json.dumps(sealed.envelope["kind"], ensure_ascii=False)
        return [Fault(ErrorCode.UNKNOWN_KIND, "kind", f"{name} is not a kind this server knows")]
    setting = CheckContext(
        today=today,
        lookup=lambda collection, key: known.get((collection, key)),
        needs=frozenset(sealed.envelope.get("needs") or ()),
    )
    return sealed.form or sealed.kind.content_faults(sealed.body, setting)
