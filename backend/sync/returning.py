"""Returning documents: after a loss of data phones push again what the server and the ERP may have had before.

The rules must not decide about such a document before the ERP was asked: a rule may refuse what the ERP has, or
let a copy replace it, and the ERP would have both. So a push stores it as received and no more. Once the ERP
was asked, `decide` applies the rules to what the ERP certainly does not have.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from backend.inbox import submissions as inbox
from backend.inbox import supersession
from backend.inbox.models import Submission
from backend.inbox.restored import CHECKING, UNDECIDED, DataLoss, cited_by, cited_id, is_checked
from backend.inbox.settle import clear_sent, explain, settle
from backend.inbox.state_change import StateChange
from backend.receipts.receipts import unusable
from backend.sync import amendments
from backend.sync.rules import FirstState, Rules
from backend.sync.validation import MalformedSubmission, ParsedSubmission, approvals, parse
from sync_protocol.errors import Fault
from sync_protocol.push import Status
from sync_protocol.submission import State


def checked_state(rules: Rules, submission: ParsedSubmission) -> FirstState:
    """Return the first state of a document that is checked."""
    key = "none" if submission.form_faults else rules.order_key(submission)
    return FirstState(State.RECEIVED, Status.RECEIVED, [], CHECKING, None, None, key)


def checked(
    session: Session, rep: str, run: Sequence[ParsedSubmission], loss: DataLoss | None, now: dt.datetime
) -> set[str]:
    """Return the ids of those new documents of *run* that no rule may decide about before the ERP was asked.

    Those are documents that may have been pushed before *loss*, and documents that cite one which is checked or
    may still come back. A kind without a document of its own in the ERP is checked only for what it cites.
    """
    if loss is None:
        return set()
    ids = set()
    for item in run:
        if item.kind is None:
            continue
        own = item.kind.has_own_document and loss.may_concern(item.id, now)
        cited = (
            None if item.kind.aggregated else cited_by(item.kind, item.envelope.get("supersedes"), item.body)
        )
        if own or (cited is not None and _waits_for(session, rep, cited, loss, now)):
            ids.add(item.id)
    return ids


def _waits_for(session: Session, rep: str, cited: str, loss: DataLoss, now: dt.datetime) -> bool:
    """Say whether *cited*, or a document that it replaces itself, is checked or may still come back."""
    visited: set[str] = set()
    original: str | None = cited
    while original is not None and original not in visited:
        visited.add(original)
        row = inbox.get(session, original)
        if row is None:
            return loss.may_concern(original, now)
        if row.rep != rep:
            return False
        if is_checked(row, loss):
            return True
        original = cited_id(row)
    return False


def decide(session: Session, rows: Collection[Submission], now: dt.datetime) -> None:
    """Apply the rules to *rows*: documents of one rep that were checked and that the ERP does not have.

    The caller has taken the rep's lock and locked *rows*. They are decided in the order of a push: by their
    ids, change requests last.
    """
    clear_sent(rows)
    session.flush()
    # Another parked document stays parked; it only may be replaced again.
    waiting = [(row, _parsed(row)) for row in rows if _is_undecided(row)]
    undecided = {row.id for row, _ in waiting}
    for row, submission in sorted(waiting, key=lambda pair: _order(pair[1])):
        undecided.discard(row.id)
        if _is_undecided(row):  # no copy has replaced it
            rules = Rules(session, row.rep, now, arrived=row.received_at)
            rules.load_references([submission])
            _decide(session, rules, row, submission, undecided)


def _is_undecided(row: Submission) -> bool:
    return row.state == State.RECEIVED or (row.state == State.PARKED and row.error_class in UNDECIDED)


def _order(submission: ParsedSubmission) -> tuple[bool, str]:
    return amendments.is_change_request(submission), submission.id


def _parsed(row: Submission) -> ParsedSubmission:
    document = {
        **row.envelope,
        **{name: getattr(row, name) for name in ("id", "kind", "captured_at", "zone", "schema", "sha256")},
        "needs": row.needs,
        "depends_on": row.depends_on,
        "supersedes": row.supersedes,
        "body": json.loads(row.body),
    }
    submission = parse(document)
    if isinstance(submission, MalformedSubmission):
        raise ValueError(f"submission {row.id} is stored and malformed: {submission.faults}")
    return submission


def _decide(
    session: Session, rules: Rules, row: Submission, submission: ParsedSubmission, undecided: Collection[str]
) -> None:
    ancestors = rules.ancestors(submission)
    related = [copy for copy in inbox.related(session, [row.id], every=True) if copy.id not in undecided]
    newer = supersession.replacements(related, row.rep, ancestors.replaced)
    first_state = rules.first_state(
        submission,
        ancestors.fault,
        unusable(session, row.rep, row.needs),
        newer.get(row.id),
        contents=_is_new(session, row),
    )
    row.status, row.order_key = first_state.status.value, first_state.order_key
    if first_state.warnings:
        row.warnings = [warning.as_wire() for warning in first_state.warnings]
    # Parked for another reason is another decision: the class of the wait must not stay.
    if first_state.state == row.state and row.state != State.PARKED:
        explain(session, row, first_state.reason or "", owner=first_state.owner, now=rules.now)
    else:
        change = StateChange(
            first_state.state,
            None,
            first_state.reason,
            owner=first_state.owner,
            errors=tuple(fault.as_wire() for fault in first_state.faults),
            superseded_by=first_state.superseded_by,
        )
        settle(session, row, change, now=rules.now, actor="erp")
    if not first_state.faults:
        for old in ancestors.rows(session):
            amendments.supersede(session, old, submission, now=rules.now, actor=f"device:{row.device}")


def approvals_of(session: Session, row: Submission, now: dt.datetime) -> list[Fault]:
    """Return why *row* needs an approval, if it was parked before a rule has decided about it."""
    if row.error_class not in UNDECIDED or not _is_new(session, row):
        return []
    submission = _parsed(row)
    rules = Rules(session, row.rep, now, arrived=row.received_at)
    rules.load_references([submission])
    return approvals(submission, rules.citable_contexts, rules.price_data)


def _is_new(session: Session, row: Submission) -> bool:
    """Say whether the rules have never decided about *row*: it was checked when it arrived."""
    return inbox.history(session, row.id)[0].note == CHECKING
