"""Push: store documents durably and return one result for each. The steps are those of docs/protocol.md.

Everything happens in the caller's transaction. The submission rows are written first, in the order of their
ids, so that two pushes of the same documents wait for each other instead of deadlocking. The feed is written
last, with the commit.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore
from backend.failpoints import failpoint
from backend.inbox import new_submissions, restored, supersession
from backend.inbox import submissions as inbox
from backend.inbox.models import Quarantined, Submission
from backend.inbox.new_submission import NewSubmission
from backend.inbox.restored import DataLoss, newest_loss
from backend.inbox.state_change import MAX_REASON, template_of
from backend.inbox.submissions import Related
from backend.receipts.receipts import unusable
from backend.sync import amendments, push_reads, returning
from backend.sync.push_reads import Documents, PushReads, valid
from backend.sync.results import stored_result
from backend.sync.rules import FirstState, Rules
from backend.sync.validation import MalformedSubmission, ParsedSubmission, parse
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Sha256
from sync_protocol.limits import LIMITS
from sync_protocol.push import ResultJson, Status, result
from sync_protocol.readable import readable
from sync_protocol.sentence import sentence


def push(
    session: Session, *, rep_id: str, device_id: str, submissions: list[Any], now: dt.datetime
) -> list[ResultJson]:
    """Store *submissions* and return a result for each, in their order.

    Args:
        session: A session whose transaction the caller commits.
        rep_id: The rep who pushes.
        device_id: The device that pushes.
        submissions: The documents, any JSON values.
        now: The server's clock.

    Returns:
        Dicts with the keys id, status, state, sha256, errors and warnings (`sync_protocol.push.result`).

    Raises `PushTooLarge` if they replace so many others that too many records change.
    """
    # Before any lock is taken: the first push after a failover marks the documents of all reps.
    loss = newest_loss(session, now)
    documents = parsed(submissions)
    reads = push_reads.read(session, rep_id, documents, now)
    return store(
        session, rep_id=rep_id, device_id=device_id, documents=documents, reads=reads, loss=loss, now=now
    )


def parsed(submissions: list[Any]) -> list[ParsedSubmission | MalformedSubmission]:
    """Return *submissions*, each checked separately by its envelope, its hash and its form."""
    return [parse(document) for document in submissions]


def store(
    session: Session,
    *,
    rep_id: str,
    device_id: str,
    documents: Documents,
    reads: PushReads,
    loss: DataLoss | None,
    now: dt.datetime,
    at_commit: bool = False,
) -> list[ResultJson]:
    """Do as `push` with *documents*, which are `parsed`, and with what was read for them.

    *at_commit*: new documents are inserted by the statement that publishes them, when the transaction commits.
    It raises `NotAdded` if another transaction has stored one of them in the meantime, or a standby was
    promoted; then nothing is stored, and the caller repeats the push without *at_commit*.
    """
    rules = Rules(session, rep_id, now, arrived=now)
    rules.load_references(valid(documents), reads.references)
    # They are stored in the order of their ids, which is also the order of capture; change requests last.
    runs = list(_runs(sorted(enumerate(documents), key=_processing_order)))
    batch = _PushBatch(rules, device_id, loss, reads, at_commit=at_commit and len(runs) == 1)
    results: dict[int, ResultJson] = {}
    for run in runs:
        results.update(zip((n for n, _ in run), batch.take([item for _, item in run]), strict=True))
    # Their records go into the feed, as the last step of the transaction.
    failpoint("push.before_publish")
    return [results[n] for n in range(len(documents))]


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
    ids: set[str | None] = set()
    for pair in items:
        item = pair[1]
        is_alone = (
            isinstance(item, MalformedSubmission)
            or item.envelope.get("supersedes") is not None
            or amendments.is_change_request(item)
        )
        if run and (is_alone or item.id in ids):
            yield run
            run, ids = [], set()
        run.append(pair)
        ids.add(item.id)
        if is_alone:
            yield run
            run, ids = [], set()
    if run:
        yield run


class PushTooLarge(RuntimeError):
    """The push would change more records than one transaction may; half of its documents may pass."""


class _PushBatch:
    """The documents of one push, which are stored run after run."""

    def __init__(
        self, rules: Rules, device: str, loss: DataLoss | None, reads: PushReads, *, at_commit: bool
    ) -> None:
        self.session, self.rep, self.now = rules.session, rules.rep, rules.now
        self.rules, self.device, self.loss = rules, device, loss
        self._at_commit = at_commit and loss is None
        self._changes = 0
        self._related: list[Related] | None = reads.related
        """What is related to all documents, until the first of them is stored."""

    def take(self, run: Sequence[ParsedSubmission | MalformedSubmission]) -> list[ResultJson]:
        """Store the documents of *run* that are new, and return a result for each."""
        submissions = [item for item in run if isinstance(item, ParsedSubmission)]
        ids = {item.id for item in submissions}
        related = self._related_to(ids) if ids else []
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

    def _related_to(self, ids: Collection[str]) -> list[Related]:
        """Return the documents *ids* that are stored, and the copies of each."""
        if self._related is None:
            return inbox.related(self.session, ids)
        related, self._related = self._related, None
        return [row for row in related if row.id in ids or row.supersedes in ids]

    def _malformed(self, malformed: MalformedSubmission) -> ResultJson:
        if malformed.id is not None:
            self._quarantine(malformed.id, malformed.document)
        return result(malformed.id, Status.REFUSED, None, None, malformed.faults)

    def _received(self, new: NewSubmission) -> ResultJson:
        return stored_result(new, Status(new.status))

    def _repeat(self, stored: Submission, submission: ParsedSubmission) -> ResultJson:
        """Return the result for an id that is stored: that of the same document; another one is quarantined."""
        if stored.rep == self.rep and stored.sha256 == submission.envelope["sha256"]:
            return stored_result(stored, Status.DUPLICATE)
        self._quarantine(submission.id, {**submission.envelope, "body": submission.body})
        fault = Fault(ErrorCode.ID_REUSED, "id", sentence("id_reused"))
        return result(submission.id, Status.QUARANTINED, None, str(submission.envelope["sha256"]), [fault])

    def _store(self, run: list[ParsedSubmission], related: list[inbox.Related]) -> dict[str, NewSubmission]:
        """Insert the documents of *run* with their first states; return those whose id is new."""
        if not run:
            return {}
        checked = returning.checked(self.session, self.rep, run, self.loss, self.now)
        # A document that cites another one is a run of its own.
        ancestors = supersession.Ancestors()
        if len(run) == 1 and not checked:
            ancestors = self.rules.ancestors(run[0])
        needs = [need for item in run for need in item.envelope.get("needs") or []]
        receipts = unusable(self.session, self.rep, needs)
        newer = supersession.replacements(related, self.rep, ancestors.replaced)
        candidates = [
            self._new_submission(
                item,
                returning.checked_state(self.rules, item)
                if item.id in checked
                else self.rules.first_state(item, ancestors.fault, receipts, newer.get(item.id)),
            )
            for item in run
        ]
        actor = f"device:{self.device}"
        if self._at_commit and not ancestors.replaced:
            inserted = new_submissions.insert_at_commit(self.session, candidates)
        else:
            inserted = new_submissions.insert(self.session, candidates)
        if self.loss is not None:
            restored.mark(self.session, checked & inserted, self.loss)
        new = {candidate.id: candidate for candidate in candidates if candidate.id in inserted}
        replaced = ancestors.replaced if any(not candidate.errors for candidate in new.values()) else []
        self._changes += len(new) + len(replaced)
        if self._changes > LIMITS.push_changes:
            raise PushTooLarge(f"it changes more than {LIMITS.push_changes} records")
        self.rules.titles.update({candidate.id: candidate.title for candidate in new.values()})
        for old in ancestors.rows(self.session) if replaced else ():
            amendments.supersede(self.session, old, run[0], now=self.now, actor=actor)
        return new

    def _new_submission(self, submission: ParsedSubmission, first_state: FirstState) -> NewSubmission:
        """Return the row of one document, with its first state."""
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
            superseded_by=first_state.superseded_by,
            received_at=self.now,
            state=first_state.state.value,
            status=first_state.status.value,
            errors=[fault.as_wire() for fault in first_state.faults],
            warnings=[warning.as_wire() for warning in first_state.warnings],
            reason=str(readable(first_state.reason, MAX_REASON)) if first_state.reason else None,
            reason_template=template_of(first_state.reason),
            owner=first_state.owner,
            order_key=first_state.order_key,
            title=self.rules.title(submission),
        )

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
