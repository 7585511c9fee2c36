"""Rules: those that decide about a document, and its first state. Nothing is stored here.

A push applies them when a document arrives. After a loss of data they are applied later, once it is certain
that the ERP does not have the document (`returning.py`).
"""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.feed import reading
from backend.feed.customer_merges import CUSTOMERS, order_key
from backend.inbox import submissions as inbox
from backend.inbox import supersession
from backend.inbox.records import SUBMISSIONS
from backend.receipts.faults import receipt_faults
from backend.receipts.receipts import Needs
from backend.sync import amendments, price_data, references
from backend.sync.validation import Contexts, ParsedSubmission, approvals, validate, warnings
from sync_protocol.catalogue.prices import PRICES
from sync_protocol.channel import EVERYONE
from sync_protocol.collection import TO_ERP, first_faults
from sync_protocol.errors import Fault
from sync_protocol.fault_sentence import fault_sentences
from sync_protocol.json_types import Record
from sync_protocol.price_check import PriceData
from sync_protocol.push import Status
from sync_protocol.submission import REPLACEABLE, State


class FirstState(NamedTuple):
    """What the rules say about one document."""

    state: State
    status: Status
    faults: list[Fault]
    reason: str | None
    owner: str | None
    superseded_by: str | None
    order_key: str
    warnings: tuple[Fault, ...] = ()


class Rules:
    """The rules, for documents of one rep; *now* is the server's clock.

    They came to the server at *arrived*: dates in a document are compared with the date of its arrival.
    """

    def __init__(self, session: Session, rep: str, now: dt.datetime, *, arrived: dt.datetime) -> None:
        self.session, self.rep, self.now, self.arrived = session, rep, now, arrived
        self.citable: reading.Records = {}
        self.readable: reading.Records = {}
        self._set_contexts()
        self.price_data: PriceData | None = None
        self.titles: dict[str, str] = {}
        """The titles of documents that others may be about, by id."""

    def load_references(
        self, submissions: Collection[ParsedSubmission], read: references.Read | None = None
    ) -> None:
        """Take the records that *submissions* cite and those that their kinds' rules read from *read*.

        None: read them now.
        """
        read = read or references.read(self.session, self.rep, submissions, self.now)
        if read is not None:
            needed, access, cited = read
            self.citable, self.readable = reading.citable_records(
                self.session, access.channels_ever, needed.refs, cited, reads=access.reads
            )
            self._set_contexts()
            shows_amounts = access.reads(EVERYONE, PRICES.name)
            self.price_data = price_data.price_data(cited, self.rep, shows_amounts=shows_amounts)

        targets = {target for item in submissions if (target := amendments.target_of(item))}
        if targets:
            self.titles = inbox.titles(self.session, self.rep, targets)

    def _set_contexts(self) -> None:
        self.citable_contexts = Contexts(self.citable, self.arrived)
        self.readable_contexts = Contexts(self.readable, self.arrived)

    def title(self, submission: ParsedSubmission) -> str:
        """Return the title of *submission*: its kind alone if the body does not have the form of its kind."""
        if submission.kind is None or submission.form_faults:
            return str(submission.envelope["kind"])
        return submission.kind.title_for(submission.body, self._named_record)

    def _named_record(self, collection: str, key: str) -> Record | None:
        if collection == SUBMISSIONS:
            return {"title": self.titles[key]} if key in self.titles else None
        return self.citable.get((collection, key))

    def ancestors(self, submission: ParsedSubmission) -> supersession.Ancestors:
        """Return what *submission* replaces or withdraws; those rows are locked until the commit."""
        cited = submission.envelope.get("supersedes")
        if cited is not None and amendments.is_withdrawal(submission):
            return amendments.withdrawal_target(self.session, self.rep, cited)
        return supersession.ancestors(self.session, self.rep, submission.id, cited)

    def first_state(
        self,
        submission: ParsedSubmission,
        too_late: Fault | None,
        receipts: Needs,
        newer: str | None,
        *,
        contents: bool = True,
    ) -> FirstState:
        """Return what the rules say.

        Args:
            submission: the document.
            too_late: the fault of `ancestors`.
            receipts: the receipts that cannot be forwarded, of this document and of others.
            newer: the copy or withdrawal that has arrived before it.
            contents: False for a document whose contents have been validated before.
        """
        faults = validate(submission, self.citable_contexts) if contents else []
        faults = faults + ([too_late] if too_late else [])
        faults = faults or amendments.faults(self.session, self.rep, submission)
        own = receipts.of(submission.envelope.get("needs") or ())
        faults = faults or receipt_faults(submission.body, own.refused)
        waits_for: list[Fault] = []
        if contents and not faults:
            waits_for = approvals(submission, self.citable_contexts, self.price_data)
        state, status, reason, owner = State.QUEUED, Status.RECEIVED, None, None
        if submission.kind is None:
            state, status, owner = State.PARKED, Status.QUARANTINED, "office"
        elif faults:
            state, status, owner = State.REJECTED, Status.REFUSED, "rep"
        elif submission.kind.destination != TO_ERP:
            # Checked before receipts: a document that waits for them is queued later, and this one is never
            # sent.
            state, owner, reason = amendments.initial_state(self.session, submission)
        elif waits_for:
            # Checked before receipts: a document that waits for them is queued when they arrive.
            state, owner, reason = State.PARKED, "office", _sentences(waits_for)
        elif own.waiting:
            state, reason = State.RECEIVED, own.waiting
        if faults:
            reason = _sentences(faults)
        if newer and state in REPLACEABLE:
            state, reason, newer = amendments.late_arrival_state(self.session, newer)
        key = "none" if faults else self.order_key(submission)
        notes = warnings(submission, self.readable_contexts) if contents and not faults else []
        notes = first_faults([*waits_for, *notes])
        return FirstState(state, status, faults, reason, owner, newer, key, tuple(notes))

    def order_key(self, submission: ParsedSubmission) -> str:
        """Return the key within which documents are sent one after another. The form is valid."""
        if submission.kind is None:
            return "none"
        customer = self.citable.get((CUSTOMERS, str(submission.body.get("customer_id"))))
        if customer and customer.get("replaced_by"):
            return order_key(self.session, submission.kind, submission.body, self.rep)
        return submission.kind.order_key(submission.body, self.rep)


def _sentences(faults: Iterable[Fault]) -> str:
    return fault_sentences((fault.field, fault.message) for fault in faults)
