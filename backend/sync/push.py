"""Push: documents onto the disk, one result each. The steps are those of docs/protocol.md.

Everything happens in the caller's one transaction: the submission rows first, in the order of their ids
so that two pushes of the same documents wait for each other instead of deadlocking, and the feed last, with the
commit.
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
    """Store *submissions* (any JSON values) and return a result for each, in their order."""
    desk = _PushBatch(session, rep_id, device_id, now, today or now.date())
    # 1. Each is checked by itself; what the good ones cite is read at once.
    unsealed = [parse(document) for document in submissions]
    supersession.lock_rep(session, rep_id)
    desk.load_references([item for item in unsealed if isinstance(item, ParsedSubmission)])
    # 2. Stored in the order of their ids, which is also the order of capture; then what asks about them.
    results: dict[int, dict[str, object]] = {}
    for run in _runs(sorted(enumerate(unsealed), key=_processing_order)):
        results.update(zip((n for n, _ in run), desk.take([item for _, item in run]), strict=True))
    # 3. Their records go into the feed, as the transaction's last act.
    failpoint("push.before_publish")
    return [results[n] for n in range(len(unsealed))]


def _processing_order(pair: tuple[int, ParsedSubmission | MalformedSubmission]) -> tuple[bool, str]:
    item = pair[1]
    return isinstance(item, ParsedSubmission) and amendments.is_change_request(item), item.id or ""


def _runs(
    items: list[tuple[int, ParsedSubmission | MalformedSubmission]],
) -> Iterator[list[tuple[int, ParsedSubmission | MalformedSubmission]]]:
    """Yield *items* in runs whose members have nothing to do with each other, so that each is stored at once.

    What is broken, what is about another document and what repeats an id is a run of its own.
    """
    run: list[tuple[int, ParsedSubmission | MalformedSubmission]] = []
    for pair in items:
        item = pair[1]
        alone = (
            isinstance(item, MalformedSubmission)
            or item.envelope.get("supersedes") is not None
            or amendments.is_change_request(item)
        )
        if run and (alone or item.id in {member.id for _, member in run}):
            yield run
            run = []
        run.append(pair)
        if alone:
            yield run
            run = []
    if run:
        yield run


class _PushBatch:
    """Takes the documents of one push, run after run."""

    def __init__(self, session: Session, rep: str, device: str, now: dt.datetime, today: dt.date) -> None:
        self.session, self.rep, self.device, self.now, self.today = session, rep, device, now, today
        self.known: dict[Ref, dict[str, Any]] = {}

    def load_references(self, sealed: list[ParsedSubmission]) -> None:
        refs = {ref for item in sealed for ref in item.references}
        if refs:
            channels = channels_ever(self.session, self.rep, self.now)
            self.known = reading.citable_records(self.session, channels, refs)

    def take(self, run: Sequence[ParsedSubmission | MalformedSubmission]) -> list[dict[str, object]]:
        """Return the result of each document of *run*, stored or found to be stored."""
        sealed = [item for item in run if isinstance(item, ParsedSubmission)]
        ids = {item.id for item in sealed}
        related = inbox.related(self.session, ids) if ids else []
        known = {found.id for found in related}
        inserted = self._store([item for item in sealed if item.id not in known], related)
        # Those that were there, and those that another rep's request stored while this one waited for it.
        stored = inbox.get_many(self.session, ids - inserted.keys())
        return [
            self._malformed(item)
            if isinstance(item, MalformedSubmission)
            else self._received(inserted[item.id])
            if item.id in inserted
            else self._repeat(stored[item.id], item)
            for item in run
        ]

    def _malformed(self, broken: MalformedSubmission) -> dict[str, object]:
        if broken.id is not None:
            self._quarantine(broken.id, broken.document)
        return result(broken.id, Status.REFUSED, None, None, broken.faults)

    def _received(self, new: NewSubmission) -> dict[str, object]:
        return result(new.id, Status(new.status), State(new.state), new.sha256, _faults(new))

    def _repeat(self, stored: Submission, sealed: ParsedSubmission) -> dict[str, object]:
        """Answer an id that is on disk: the same document gets the stored result, another is kept apart."""
        if stored.rep == self.rep and stored.sha256 == sealed.envelope["sha256"]:
            return result(stored.id, Status.DUPLICATE, State(stored.state), stored.sha256, _faults(stored))
        self._quarantine(sealed.id, {**sealed.envelope, "body": sealed.body})
        fault = Fault(ErrorCode.ID_REUSED, "id", "already names another document; both are kept")
        return result(sealed.id, Status.QUARANTINED, None, str(sealed.envelope["sha256"]), [fault])

    def _store(self, run: list[ParsedSubmission], related: list[inbox.Related]) -> dict[str, NewSubmission]:
        """Insert the documents of *run* with their first states; return those whose id is new."""
        if not run:
            return {}
        line = supersession.Ancestors()
        if len(run) == 1:
            cited = run[0].envelope.get("supersedes")
            if cited is not None and amendments.is_withdrawal(run[0]):
                line = amendments.withdrawal_target(self.session, self.rep, cited)
            else:
                line = supersession.ancestors(self.session, self.rep, run[0].id, cited)
        needs = [need for item in run for need in item.envelope.get("needs") or []]
        lacking = set(missing(self.session, self.rep, needs))
        newer = supersession.replacements(related, self.rep, {old.id for old in line.replaced})
        arriving = [self._new_submission(item, line.fault, lacking, newer.get(item.id)) for item in run]
        actor = f"device:{self.device}"
        inserted = new_submissions.insert(self.session, arriving, actor)
        new = {arrival.id: arrival for arrival in arriving if arrival.id in inserted}
        for old in line.replaced:
            if any(not arrival.errors for arrival in new.values()):
                amendments.supersede(self.session, old, run[0], now=self.now, actor=actor)
        return new

    def _new_submission(
        self, sealed: ParsedSubmission, too_late: Fault | None, lacking: set[str], newer: str | None
    ) -> NewSubmission:
        """Return one document with the state in which it begins."""
        faults = validate(sealed, self.known, self.today) + ([too_late] if too_late else [])
        faults = faults or amendments.faults(self.session, self.rep, sealed)
        awaited = len(lacking.intersection(sealed.envelope.get("needs") or ()))
        state, status, reason, owner = State.QUEUED, Status.RECEIVED, None, None
        if sealed.kind is None:
            state, status, owner = State.PARKED, Status.QUARANTINED, "office"
        elif faults:
            state, status, owner = State.REJECTED, Status.REFUSED, "rep"
        elif sealed.kind.destination != TO_ERP:
            # Before its receipts: what waits for receipts is queued in the end, and this is sent nowhere.
            state, owner, reason = amendments.initial_state(self.session, sealed)
        elif awaited:
            state, reason = State.RECEIVED, f"Waiting for {awaited} receipts"
        if faults:
            reason = "; ".join(f"{fault.field} {fault.message}".strip() for fault in faults)[:1000]
        if newer and state in REPLACEABLE:
            state, reason, newer = amendments.late_arrival_state(self.session, newer)
        return NewSubmission(
            id=sealed.id,
            kind=sealed.envelope["kind"],
            rep=self.rep,
            device=self.device,
            captured_at=sealed.envelope["captured_at"],
            zone=sealed.envelope.get("zone") or "UTC",
            schema=sealed.envelope["schema"],
            body=sealed.body_text,
            envelope=sealed.envelope_text,
            sha256=sealed.envelope["sha256"],
            needs=sealed.envelope.get("needs") or [],
            depends_on=sealed.envelope.get("depends_on") or [],
            supersedes=sealed.envelope.get("supersedes"),
            superseded_by=newer,
            received_at=self.now,
            state=state.value,
            status=status.value,
            errors=[fault.as_wire() for fault in faults],
            reason=reason,
            owner=owner,
            order_key=self._order_key(sealed) if not faults else "none",
        )

    def _order_key(self, sealed: ParsedSubmission) -> str:
        if sealed.kind is None:
            return "none"
        customer = self.known.get((CUSTOMERS, str(sealed.body.get("customer_id"))))
        if customer and customer.get("replaced_by"):
            return order_key(self.session, sealed.kind, sealed.body, self.rep)
        return sealed.kind.order_key(sealed.body, self.rep)

    def _quarantine(self, id: str, document: Any) -> None:
        sha256 = document.get("sha256")
        try:
            canonical(document)
        except NotCanonical:
            document = {"repr": ascii(document)[:100_000]}
        if not isinstance(sha256, str) or not Sha256.pattern.fullmatch(sha256):
            sha256 = digest(document)  # whatever it said, the row needs a name for its contents
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
    """Queue what waited for the receipt *sha256* of *rep_id*; return the ids that are now queued."""
    # A push of the same rep may take several of them back, in whatever order.
    supersession.lock_rep(session, rep_id)
    ref = f"sha256:{sha256}"
    return _requeue(session, [s for s in _waiting(session, rep_id) if ref in s.needs], now)


def requeue_complete(session: Session, now: dt.datetime) -> list[str]:
    """Queue whatever waits although its receipts are all there; return the ids.

    A receipt and the claim that cites it may arrive at the same moment, in two transactions that do not
    see each other. The worker calls this now and then.
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
        lacking = missing(session, submission.rep, submission.needs)
        if lacking:
            submission.reason = f"Waiting for {len(lacking)} receipts"
            queue_record(session, submission, lacking)
        else:
            submission.reason = submission.owner = None
            submission.due_at = now
            actor = f"device:{submission.device}"
            inbox.move(session, submission, State.QUEUED, now=now, actor=actor, note="receipts complete")
            queued.append(submission.id)
    return queued
