"""The record of a submission in the feed, and its publication."""

from collections.abc import Collection, Iterable
from functools import lru_cache

import orjson
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.feed import publication
from backend.inbox.models import Submission
from backend.inbox.new_submission import NewSubmission
from backend.receipts.receipts import missing
from sync_protocol.canonical import canonical_with
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.submissions import SubmissionRecordSchema
from sync_protocol.change import Put
from sync_protocol.json_types import NewRecord
from sync_protocol.readable import readable, readable_record
from sync_protocol.submission import TITLE_CHARACTERS, State, title_in_state

SUBMISSIONS = "submissions"


def queue_record(
    session: Session, submission: Submission | NewSubmission, lacking: Collection[str] | None = None
) -> None:
    """Publish the record of *submission* when *session* commits, as the submission stands then.

    `settle`, `explain` and `insert` call it themselves. Call it for what a phone sees and none of them changes:
    the receipts that are missing. *lacking* spares looking for those again.
    """

    publication.queue(session, (SUBMISSIONS, submission.id), lambda: put(session, submission, lacking))


def put(
    session: Session, submission: Submission | NewSubmission, lacking: Collection[str] | None = None
) -> Put:
    """Return the record of *submission* as it stands now; *lacking* as of `queue_record`."""
    if submission.state != State.RECEIVED:
        lacking = ()
    elif lacking is None:
        lacking = missing(session, submission.rep, submission.needs)
    fields = _without_body(submission, lacking)
    return Put(SUBMISSIONS, submission.id, fields, canonical_with(fields, "body", submission.body))


def as_record(submission: Submission | NewSubmission, lacking: Iterable[str] = ()) -> NewRecord:
    """Return the record of collection `submissions`; *lacking* are the receipts that the server waits for.

    The fields are those of `sync_protocol.catalogue.submissions`.
    """
    return {**_without_body(submission, lacking), "body": orjson.loads(submission.body)}


def _without_body(submission: Submission | NewSubmission, lacking: Iterable[str]) -> NewRecord:
    template = submission.reason_template
    record: NewRecord = {
        "id": submission.id,
        "rep": submission.rep,
        "kind": submission.kind,
        "title": title_of(submission),
        "captured_at": submission.captured_at,
        "received_at": _instant(submission.received_at),
        "updated_at": _instant(submission.updated_at),
        "sha256": submission.sha256,
        "state": submission.state,
        "erp_number": submission.erp_number,
        "reason": submission.reason,
        "reason_code": template["code"] if template else None,
        "parameters": template["parameters"] if template else None,
        "decision": submission.decision,
        "errors": submission.errors,
        "missing": sorted(lacking),
        "supersedes": submission.supersedes,
        "superseded_by": submission.superseded_by,
    }
    # Whatever the ERP or a person wrote, the record is on the phone.
    return readable_record(SubmissionRecordSchema, record)


_instant = lru_cache(maxsize=64)(instant)
"""The documents of a push have one time."""


def name_of(submission: Submission) -> str:
    """Return how a sentence names the document: its title, and its ERP number if it has one."""
    title = readable(_title(submission), TITLE_CHARACTERS)
    return f"{title} ({submission.erp_number})" if submission.erp_number else title


def title_of(submission: Submission | NewSubmission) -> str:
    """Return one line that names the document and its state for a person."""
    return readable(title_in_state(_title(submission), submission.state), TITLE_CHARACTERS)


def _title(submission: Submission | NewSubmission) -> str:
    title = submission.title
    if title is None:
        body = orjson.loads(submission.body)
        kind = KINDS.get(submission.kind)
        # A refused body may hold anything anywhere. Making its title must not fail, or it would have no record.
        has_title = kind is not None and not (submission.status == "refused" and kind.form_faults(body))
        title = kind.title_for(body, lambda collection, key: None) if kind and has_title else submission.kind
    return title
