"""The timeline of a document: its states and notes, and between them each call to the ERP with its reply."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.inbox import submissions
from backend.inbox.models import Attempt, Binding

NO_REPLY = "no reply: the worker ended first"


@dataclass(frozen=True)
class Step:
    """One line of the timeline."""

    at: dt.datetime
    what: str
    """A state, or the step of an attempt: find, create, advance or upsert."""
    actor: str
    """device:<id>, worker:<name>, erp, or user:<name>; of an attempt the worker's name."""
    note: str
    is_attempt: bool
    ended_at: dt.datetime | None = None
    """When the ERP's reply to an attempt was there; None: it is not, or this is no attempt."""
    outcome: str | None = None


@dataclass(frozen=True)
class ErpDocument:
    """What the ERP calls the document, or a line of it."""

    connector: str
    entity: str
    number: str | None
    external_id: str


def timeline(session: Session, id: str) -> list[Step]:
    """Return the steps of the document *id*, oldest first; of one moment a state comes before its attempts."""
    states = [
        Step(entry.at, entry.state, entry.actor, entry.note or "", is_attempt=False)
        for entry in submissions.history(session, id)
    ]
    attempts = [
        Step(
            attempt.started_at,
            attempt.step,
            attempt.worker,
            f"{attempt.outcome or NO_REPLY} {attempt.detail or ''}".strip(),
            is_attempt=True,
            ended_at=attempt.ended_at,
            outcome=attempt.outcome,
        )
        for attempt in session.scalars(select(Attempt).where(Attempt.submission_id == id).order_by(Attempt.id))
    ]
    # Python's sort is stable.
    return sorted(states + attempts, key=lambda step: step.at)


def erp_documents(session: Session, id: str) -> list[ErpDocument]:
    """Return what the ERP calls the document *id*."""
    bindings = session.scalars(select(Binding).where(Binding.local_id == id).order_by(Binding.id))
    return [ErpDocument(each.connector, each.entity, each.number, each.external_id) for each in bindings]
