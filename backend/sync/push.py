"""Push: store documents durably and return one result for each. The steps are those of docs/protocol.md.

Everything happens in the caller's transaction. The submission rows are written first, in the order of their
ids, so that two pushes of the same documents wait for each other instead of deadlocking. The feed is written
last, with the commit.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore
from backend.failpoints import failpoint
from backend.feed import reading
from backend.feed.changes import MAX_CHANGES
from backend.feed.customer_merges import CUSTOMERS, order_key
from backend.feed.live import Ref
from backend.identity.access import channels_ever
from backend.inbox import new_submissions, supersession
from backend.inbox import submissions as inbox
from backend.inbox.models import NewSubmission, Quarantined, Submission
from backend.inbox.records import queue_record
from backend.receipts.receipts import missing
from backend.sync import amendments
from backend.sync.validation import MalformedSubmission, ParsedSubmission, parse, validate
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.collection import TO_ERP
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Sha256
from sync_protocol.push import Status, result
from sync_protocol.submission import REPLACEABLE, State


def push(
    session: Session,
    *,
    rep_id: str,
    device_id: str,
    submissions: list[Any],
    now: dt.datetime,
    today: dt.date | None = None,
) -> list[dict[str, object]]:
    """Store *submissions* and return a result for each, in their order.

    Args:
        session: A session whose transaction the caller commits.
        rep_id: The rep who pushes.
        device_id: The device that pushes.
        submissions: The documents, any JSON values.
        now: The server's clock.
        today: The company's date; default: the date of *now*.

    Returns:
        Dicts with the keys id, status, state, sha256 and errors (`sync_protocol.push.result`).
    """
    batch = _PushBatch(session, rep_id, device_id, now, today or now.date())
    # 1. Each document is checked separately; the records that the valid ones cite are read in one statement.
    parsed = [parse(document) for document in submissions]
    supersession.lock_rep(session, rep_id)
    batch.load_references([item for item in parsed if isinstance(item, ParsedSubmission)])
    # 2. They are stored in the order of their ids, which is also the order of capture; change requests last.
    results: dict[int, dict[str, object]] = {}
    for run in _runs(sorted(enumerate(parsed), key=_processing_order)):
        results.update(zip((n for n, _ in run), batch.take([item for _, item in run]), strict=True))
    # 3. Their records go into the feed, as the last step of the transaction.
    failpoint("push.before_publish")
    return [results[n] for n in range(len(parsed))]


def _processing_order(pair: tuple[int, ParsedSubmission | MalformedSubmission]) -> tuple[bool, str]:
    item = pair[1]
    return isinstance(item, ParsedSubmission) and amendments.is_change_request(item), item.id or ""


def _runs(
    items: list[tuple[int, ParsedSubmission | MalformedSubmission]],
) -> Iterator[list[tuple[int, ParsedSubmission | MalformedSubmission]]]:
    """Yield *items* in runs of independent documents, so that each run is stored in one statement.

    A malformed document, one about another document, and one that repeats an id is a run of its own.
    """
    run: list[tuple[int, ParsedSubmission | MalformedSubmission]] = []
    for pair in items:
        item = pair[1]
        is_alone = (
            isinstance(item, MalformedSubmission)
            or item.envelope.get("supersedes") is not None
            or amendments.is_change_request(item)
        )
        if run and (is_alone or item.id in {member.id for _, member in run}):
            yield run
            run = []
        run.append(pair)
        if is_alone:
            yield run
            run = []
    if run:
        yield run


class _PushBatch:
    """The documents of one push, which are stored run after run."""

    def __init__(self, session: Session, rep: str, device: str, now: dt.datetime, today: dt.date) -> None:
        self.session, self.rep, self.device, self.now, self.today = session, rep, device, now, today
        self.citable: dict[Ref, dict[str, Any]] = {}

    def load_references(self, submissions: list[ParsedSubmission]) -> None:
        refs = {ref for item in submissions for ref in item.references}
        if refs:
            channels = channels_ever(self.session, self.rep, self.now)
            self.citable = reading.citable_records(self.session, channels, refs)

    def take(self, run: Sequence[ParsedSubmission | MalformedSubmission]) -> list[dict[str, object]]:
        """Store the documents of *run* that are new, and return a result for each."""
        submissions = [item for item in run if isinstance(item, ParsedSubmission)]
        ids = {item.id for item in submissions}
        related = inbox.related(self.session, ids) if ids else []
        stored_ids = {row.id for row in related}
        inserted = self._store([item for item in submissions if item.id not in stored_ids], related)
        # Those stored before, and those that another rep's request stored while this one waited for it.
        stored = inbox.get_many(self.session, ids - inserted.keys())
        return [
            self._malformed(item)
            if isinstance(item, MalformedSubmission)
            else self._received(inserted[item.id])
            if item.id in inserted
            else self._repeat(stored[item.id], item)
            for item in run
        ]

    def _malformed(self, malformed: MalformedSubmission) -> dict[str, object]:
        if malformed.id is not None:
            self._quarantine(malformed.id, malformed.document)
        return result(malformed.id, Status.REFUSED, None, None, malformed.faults)

    def _received(self, new: NewSubmission) -> dict[str, object]:
        return result(new.id, Status(new.status), State(new.state), new.sha256, _faults(new))

    def _repeat(self, stored: Submission, submission: ParsedSubmission) -> dict[str, object]:
        """Return the result for an id that is stored: that of the same document; another one is quarantined."""
        if stored.rep == self.rep and stored.sha256 == submission.envelope["sha256"]:
            return result(stored.id, Status.DUPLICATE, State(stored.state), stored.sha256, _faults(stored))
        self._quarantine(submission.id, {**submission.envelope, "body": submission.body})
        fault = Fault(ErrorCode.ID_REUSED, "id", "already names another document; both are kept")
        return result(submission.id, Status.QUARANTINED, None, str(submission.envelope["sha256"]), [fault])

    def _store(self, run: list[ParsedSubmission], related: list[inbox.Related]) -> dict[str, NewSubmission]:
        """Insert the documents of *run* with their first states; return those whose id is new."""
        if not run:
            return {}
        ancestors = supersession.Ancestors()
        if len(run) == 1:
            cited = run[0].envelope.get("supersedes")
            if cited is not None and amendments.is_withdrawal(run[0]):
                ancestors = amendments.withdrawal_target(self.session, self.rep, cited)
            else:
                ancestors = supersession.ancestors(self.session, self.rep, run[0].id, cited)
        needs = [need for item in run for need in item.envelope.get("needs") or []]
        missing_receipts = set(missing(self.session, self.rep, needs))
        newer = supersession.replacements(related, self.rep, {old.id for old in ancestors.replaced})
        candidates = [
            self._new_submission(item, ancestors.fault, missing_receipts, newer.get(item.id)) for item in run
        ]
        actor = f"device:{self.device}"
        inserted = new_submissions.insert(self.session, candidates, actor)
        new = {candidate.id: candidate for candidate in candidates if candidate.id in inserted}
        for old in ancestors.replaced:
            if any(not candidate.errors for candidate in new.values()):
                amendments.supersede(self.session, old, run[0], now=self.now, actor=actor)
        return new

    def _new_submission(
        self,
        submission: ParsedSubmission,
        too_late: Fault | None,
        missing_receipts: set[str],
        newer: str | None,
    ) -> NewSubmission:
        """Return the row of one document, with its first state."""
        faults = validate(submission, self.citable, self.today) + ([too_late] if too_late else [])
        faults = faults or amendments.faults(self.session, self.rep, submission)
        awaited_count = len(missing_receipts.intersection(submission.envelope.get("needs") or ()))
        state, status, reason, owner = State.QUEUED, Status.RECEIVED, None, None
        if submission.kind is None:
            state, status, owner = State.PARKED, Status.QUARANTINED, "office"
        elif faults:
            state, status, owner = State.REJECTED, Status.REFUSED, "rep"
        elif submission.kind.destination != TO_ERP:
            # Checked before receipts: a document that waits for them is queued later, and this one is never
            # sent.
            state, owner, reason = amendments.initial_state(self.session, submission)
        elif awaited_count:
            state, reason = State.RECEIVED, f"Waiting for {awaited_count} receipts"
        if faults:
            reason = "; ".join(f"{fault.field} {fault.message}".strip() for fault in faults)[:1000]
        if newer and state in REPLACEABLE:
            state, reason, newer = amendments.late_arrival_state(self.session, newer)
        return NewSubmission(
            id=submission.id,
            kind=submission.envelope["kind"],
            rep=self.rep,
            device=self.device,
            captured_at=submission.envelope["captured_at"],
            zone=submission.envelope.get("zone") or "UTC",
            schema=submission.envelope["schema"],
            body=submission.body_text,
            envelope=submission.envelope_text,
            sha256=submission.envelope["sha256"],
            needs=submission.envelope.get("needs") or [],
            depends_on=submission.envelope.get("depends_on") or [],
            supersedes=submission.envelope.get("supersedes"),
            superseded_by=newer,
            received_at=self.now,
            state=state.value,
            status=status.value,
            errors=[fault.as_wire() for fault in faults],
            reason=reason,
            owner=owner,
            order_key=self._order_key(submission) if not faults else "none",
        )

    def _order_key(self, submission: ParsedSubmission) -> str:
        if submission.kind is None:
            return "none"
        customer = self.citable.get((CUSTOMERS, str(submission.body.get("customer_id"))))
        if customer and customer.get("replaced_by"):
            return order_key(self.session, submission.kind, submission.body, self.rep)
        return submission.kind.order_key(submission.body, self.rep)

    def _quarantine(self, id: str, document: Any) -> None:
        sha256 = document.get("sha256")
        try:
            canonical(document)
        except NotCanonical:
            document = {"repr": ascii(document)[:100_000]}
        if not isinstance(sha256, str) or not Sha256.pattern.fullmatch(sha256):
            sha256 = digest(document)  # the row needs a valid name for its contents
        values = {
            "submission_id": id,
            "sha256": sha256,
            "document": document,
            "rep": self.rep,
            "device": self.device,
            "received_at": self.now,
        }
        insert_ignore(self.session, Quarantined, values, ["submission_id", "sha256", "rep"])


def _faults(submission: Submission | NewSubmission) -> list[Fault]:
    return [Fault(ErrorCode[e["code"].upper()], e["field"], e["message"]) for e in submission.errors]


def receipts_arrived(session: Session, *, rep_id: str, sha256: str, now: dt.datetime) -> list[str]:
    """Queue the documents of *rep_id* that waited for the receipt *sha256*; return the ids now queued."""
    # A concurrent push of the same rep may withdraw several of them, in any order.
    supersession.lock_rep(session, rep_id)
    ref = f"sha256:{sha256}"
    return _requeue(session, [s for s in _waiting(session, rep_id) if ref in s.needs], now)


def requeue_complete(session: Session, now: dt.datetime) -> list[str]:
    """Queue the documents that still wait although all their receipts are stored; return the ids.

    A receipt and the expense claim that cites it may arrive at the same time, in two transactions that do not
    see each other. The worker calls this periodically.
    """
    complete = [s for s in _waiting(session, None) if not missing(session, s.rep, s.needs)]
    return _requeue(session, complete[: MAX_CHANGES // 2], now)


def _waiting(session: Session, rep: str | None) -> list[Submission]:
    statement = select(Submission).where(Submission.state == State.RECEIVED.value).order_by(Submission.id)
    if rep is not None:
        statement = statement.where(Submission.rep == rep)
    return list(session.scalars(statement.with_for_update(skip_locked=rep is None)))


def _requeue(session: Session, waiting: list[Submission], now: dt.datetime) -> list[str]:
    queued = []
    for submission in waiting:
        missing_receipts = missing(session, submission.rep, submission.needs)
        if missing_receipts:
            submission.reason = f"Waiting for {len(missing_receipts)} receipts"
            queue_record(session, submission, missing_receipts)
        else:
            submission.reason = submission.owner = None
            submission.due_at = now
            actor = f"device:{submission.device}"
            inbox.move(session, submission, State.QUEUED, now=now, actor=actor, note="receipts complete")
            queued.append(submission.id)
    return queued
