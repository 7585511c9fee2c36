"""The record of a submission in the feed, and its publication."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy.orm import Session

from backend.clock import instant
from backend.feed import publication
from backend.inbox.models import NewSubmission, Submission
from backend.receipts.receipts import missing
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.collection import schema_faults
from sync_protocol.submission import State

SUBMISSIONS = "submissions"


def queue_record(
    session: Session, submission: Submission | NewSubmission, lacking: Collection[str] | None = None
) -> None:
    """Publish the record of *submission* when *session* commits, as the submission stands then.

    `move` and `insert` call it themselves. Call it for what a phone sees and neither of them changes: a reason,
    or the receipts that are missing. *lacking* spares looking for those again.
    """

    def put() -> Put:
        absent = lacking
        if submission.state != State.RECEIVED:
            absent = ()
        elif absent is None:
            absent = missing(session, submission.rep, submission.needs)
        return Put(SUBMISSIONS, submission.id, as_record(submission, absent))

    publication.queue(session, (SUBMISSIONS, submission.id), put)


def as_record(submission: Submission | NewSubmission, lacking: Iterable[str] = ()) -> dict[str, Any]:
    """Return the record of collection `submissions`; *lacking* are the receipts that the server waits for.

    The fields are those of `sync_protocol.catalogue.submissions`.
    """
    body = json.loads(submission.body)
    return {
        "id": submission.id,
        "rep": submission.rep,
        "kind": submission.kind,
        "title": title_of(submission, body),
        "captured_at": submission.captured_at,
        "received_at": instant(submission.received_at),
        "updated_at": instant(submission.updated_at),
        "sha256": submission.sha256,
        "state": submission.state,
        "erp_number": submission.erp_number,
        "reason": submission.reason,
        "decision": submission.decision,
        "errors": submission.errors,
        "missing": sorted(lacking),
        "supersedes": submission.supersedes,
        "superseded_by": submission.superseded_by,
        "body": body,
    }


def title_of(submission: Submission | NewSubmission, body: Any = None) -> str:
    """Return one line that names the document for a person; *body* spares decoding it again."""
    body = json.loads(submission.body) if body is None else body
    kind = KINDS.get(submission.kind)
    # A refused body may hold anything anywhere. Making its title must not fail, or it would have no record.
    if kind is None or (submission.status == "refused" and schema_faults(kind.schema, body)):
        return submission.kind
    return kind.title(body)[:300]
