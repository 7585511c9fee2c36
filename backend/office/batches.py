"""Batches: carry out one action on all documents with one cause, and take back what is not sent yet.

A batch first stores which documents it is about. Each document is then settled in a transaction of its own, by
the same function as a single action, and its result is written in that transaction. So a batch that was
interrupted continues where it stopped, and does nothing twice.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.clock import Clock, instant
from backend.database.core import Sessions, table_of
from backend.identity import audit
from backend.inbox.models import Submission
from backend.office.access import OfficeUser
from backend.office.action import Action
from backend.office.actions import ACTIONS
from backend.office.batch_request import BatchRequest, check
from backend.office.causes import waiting
from backend.office.erp_check import Connect
from backend.office.errors import ActionRefused
from backend.office.field_changes import FieldChange, corrected
from backend.office.models import Batch, BatchDocument
from backend.office.roles import Permission
from backend.office.service import Authorize, OfficeService
from backend.settings import Settings
from sync_protocol.errors import ErrorCode
from sync_protocol.office_batches import MOST_DOCUMENTS, RESULTS

DONE, REFUSED, UNDONE = RESULTS
MOST_AT_ONCE = 20
"""Documents that one request of a browser or a program settles: the ERP may be asked about each of them."""


class _TakenMeanwhile(Exception):
    """Another call has settled the document of the batch, or has undone the batch."""


class BatchService:
    """Begins, continues and undoes batches. Raises `ActionRefused` for what cannot be done at all."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        settings: Settings,
        connect: Connect,
        authorize: Authorize = lambda session: None,
    ) -> None:
        """See `OfficeService`: *authorize* begins each transaction, and returns who acts."""
        self.sessions, self.clock, self.settings, self.connect = sessions, clock, settings, connect
        self._authorize = authorize

    def begin(self, request: BatchRequest) -> str:
        """Store the batch of *request*, without acting on any document yet; return its id."""
        check(request)
        now, id = self.clock.now(), str(ULID())
        with self.sessions() as session, session.begin():
            action = ACTIONS[request.action]
            may_act = waiting(request.cause, self._who_may(session, action), action.permission)
            documents = session.scalars(may_act.with_only_columns(Submission.id).limit(request.limit)).all()
            if not documents:
                message = f"no document is parked with the cause {request.cause} any more"
                raise ActionRefused(ErrorCode.NOT_FOUND, message)
            session.add(
                Batch(
                    id=id, action=request.action, cause=request.cause, why=request.why.strip(),
                    force=request.force, changes=[change.to_wire() for change in request.changes],
                    begun_by=request.by, begun_at=now,
                )
            )  # fmt: skip
            session.flush()
            rows = [
                {"batch": id, "place": place, "submission_id": document}
                for place, document in enumerate(documents)
            ]
            session.execute(insert(table_of(BatchDocument)), rows)
            detail = {"action": request.action, "cause": request.cause, "documents": len(rows)}
            _record(session, "begun", id, request.by, now, detail)
        return id

    def proceed(self, id: str, *, by: str, most: int = MOST_DOCUMENTS) -> int:
        """Act on up to *most* documents of the batch that were not tried yet; return how many are left then."""
        with self.sessions() as session:
            batch = get_batch(session, id)
            if batch.undone_at is not None:
                raise ActionRefused(ErrorCode.NOT_FOR_THIS, f"batch {id} was undone by {batch.undone_by}")
            documents = documents_of(session, batch, self._who_may(session, ACTIONS[batch.action]), None)
            session.expunge_all()
        for document in documents[:most]:
            arguments = {"why": batch.why, "force": batch.force}
            self._try(document, batch.action, by, None, partial(_arguments, batch), **arguments)
        return len(documents[most:])

    def undo(self, id: str, *, by: str, why: str = "") -> None:
        """Park again each document that the batch has queued and nobody has sent; it continues no further."""
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            user = self._who_may(session, action_of(session, id))
            batch = get_batch(session, id, lock=True)
            if not ACTIONS[batch.action].wakes_worker:
                message = f"batch {id} has queued nothing: {batch.action} ends a document, and cannot be undone"
                raise ActionRefused(ErrorCode.NOT_FOR_THIS, message)
            if batch.undone_at is None:
                batch.undone_by, batch.undone_at = by, now
                _record(session, "undone", id, by, now, {"why": why} if why else {})
            documents = documents_of(session, batch, user, DONE)
            session.flush()
            session.expunge_all()
        for document in documents:
            self._try(document, "recall", by, DONE, why=why)

    def _who_may(self, session: Session, action: Action) -> OfficeUser | None:
        """Return who acts, None for an operator; raises `ActionRefused` unless some role allows *action*."""
        user = self._authorize(session)
        if user is not None and not user.has(action.permission):
            message = f"none of the roles {', '.join(user.roles)} may use the action {action.name}"
            raise ActionRefused(ErrorCode.ROLE_MISSING, message)
        return user

    def _try(
        self,
        document: BatchDocument,
        action: str,
        by: str,
        expected: str | None,
        arguments: Callable[[Session, str], dict[str, Any]] | None = None,
        **given: Any,
    ) -> None:
        """Carry out *action* on *document* and write its result, unless that is no longer *expected*."""
        undoing = expected == DONE
        id = (undoing and document.answer_id) or document.submission_id

        def begin(session: Session) -> OfficeUser | None:
            user = self._authorize(session)
            if not undoing:
                _require_in_force(session, document.batch)
            if _locked(session, document).result != expected:
                raise _TakenMeanwhile
            return user

        def end(session: Session, answer: Submission) -> None:
            row = _locked(session, document)
            row.result, row.message = UNDONE if undoing else DONE, None
            row.answer_id = answer.id

        office = OfficeService(self.sessions, self.clock, self.settings, self.connect, begin)
        try:
            if arguments is not None:
                with self.sessions() as session:
                    given |= arguments(session, id)
            office.perform(action, id, by=by, also=end, **given)
        except ActionRefused as refused:
            self._refused(document, expected, refused.message)
        except _TakenMeanwhile:
            return

    def _refused(self, document: BatchDocument, expected: str | None, message: str) -> None:
        with self.sessions() as session, session.begin():
            row = _locked(session, document)
            if row.result == expected:
                # A document that cannot be taken back stays done, with the reason beside it.
                row.result, row.message = expected or REFUSED, message


def batch_view(session: Session, id: str, user: OfficeUser | None = None) -> dict[str, Any]:
    """Return the batch *id* as JSON of `BatchSchema`; raises `ActionRefused` (not_found).

    *user*: only documents that this person may see; None: all.
    """
    batch = get_batch(session, id)
    documents = session.scalars(_of_batch(batch, user, Permission.VIEW)).all()
    return {
        "id": batch.id,
        "action": batch.action,
        "cause": batch.cause,
        "begun_by": batch.begun_by,
        "begun_at": instant(batch.begun_at),
        "undone_by": batch.undone_by,
        "undone_at": instant(batch.undone_at) if batch.undone_at else None,
        "waiting": len(documents_of(session, batch, user, None)),
        "documents": [
            {
                "id": document.submission_id,
                "result": document.result,
                "message": document.message,
                "answer_id": document.answer_id,
            }
            for document in documents
        ],
    }


def documents_of(
    session: Session, batch: Batch, user: OfficeUser | None, result: str | None
) -> Sequence[BatchDocument]:
    """Return the documents of *batch* with *result* on which *user* may act; None may act on all."""
    of_batch = _of_batch(batch, user, ACTIONS[batch.action].permission)
    return session.scalars(of_batch.where(BatchDocument.result.is_not_distinct_from(result))).all()


def _of_batch(batch: Batch, user: OfficeUser | None, permission: Permission) -> Select[BatchDocument]:
    statement = select(BatchDocument).where(BatchDocument.batch == batch.id).order_by(BatchDocument.place)
    if user is None:
        return statement
    return statement.join(Submission, Submission.id == BatchDocument.submission_id).where(
        user.documents(permission)
    )


def action_of(session: Session, id: str) -> Action:
    """Return the action of the batch *id*; raises `ActionRefused` (not_found)."""
    return ACTIONS[get_batch(session, id).action]


def get_batch(session: Session, id: str, *, lock: bool = False) -> Batch:
    """Return the batch *id*; raises `ActionRefused` (not_found)."""
    statement = select(Batch).where(Batch.id == id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    batch = session.scalars(statement).one_or_none()
    if batch is None:
        raise ActionRefused(ErrorCode.NOT_FOUND, f"there is no batch {id}")
    return batch


def _require_in_force(session: Session, id: str) -> None:
    """Raise `_TakenMeanwhile` if the batch *id* has been undone; it is not before this transaction ends."""
    undone = select(Batch.undone_at).where(Batch.id == id).with_for_update(read=True)
    if session.scalars(undone).one() is not None:
        raise _TakenMeanwhile


def _locked(session: Session, document: BatchDocument) -> BatchDocument:
    statement = (
        select(BatchDocument)
        .where(BatchDocument.batch == document.batch, BatchDocument.place == document.place)
        .with_for_update()
    )
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _arguments(batch: Batch, session: Session, id: str) -> dict[str, Any]:
    """Return the arguments of the action for the document *id*; raises `ActionRefused`."""
    if "body" not in ACTIONS[batch.action].arguments:
        return {}
    body = session.scalars(select(Submission.body).where(Submission.id == id)).one()
    new, changed = corrected(json.loads(body), [FieldChange(**change) for change in batch.changes])
    if not changed:
        fields = ", ".join(change["field"] for change in batch.changes)
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"document {id} has none of the values to change in {fields}"
        )
    return {"body": new}


def _record(session: Session, what: str, id: str, by: str, now: Any, detail: dict[str, Any]) -> None:
    audit.record(session, actor=f"user:{by}", action=f"batch.{what}", subject=id, now=now, detail=detail)
