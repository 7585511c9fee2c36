"""A deed: who of the office does something to a parked document, and what stands in the way."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.submissions import get, move
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.submission import Decision, State

AUDIT_PREFIX = "parked."
"""Before the name of each deed in the audit trail."""


class ActionRefused(Exception):
    """What was wanted cannot be done now; the message says why and what can be done. Nothing was changed."""

    def __init__(self, code: ErrorCode, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.faults = code, message, tuple(faults)


@dataclass(frozen=True)
class Action:
    """Who acts, when, and why. *force*: although somebody else is working on the document."""

    by: str
    now: dt.datetime
    why: str = ""
    force: bool = False

    @property
    def actor(self) -> str:
        """The actor as audit trail and history name them."""
        return f"user:{self.by}"

    def with_reason(self, words: str) -> str:
        """Return *words*, followed by the reason given."""
        return (f"{words}: {self.why}" if self.why else words)[:1000]


def get_document(session: Session, id: str) -> Submission:
    """Return the submission *id*, as read; raises `DeedRefused` (not_found)."""
    row = get(session, id)
    if row is None:
        raise ActionRefused(ErrorCode.NOT_FOUND, f"there is no document {id}")
    return row


def lock_parked(session: Session, id: str, action: Action) -> Submission:
    """Return the parked submission *id*, locked until the commit, for *deed*.

    Raises `DeedRefused`: not_found, not_parked, or reserved_by_another unless the deed is forced.
    """
    row = get(session, id, lock=True)
    if row is None:
        raise ActionRefused(ErrorCode.NOT_FOUND, f"there is no document {id}")
    if row.state != State.PARKED:
        raise ActionRefused(ErrorCode.NOT_PARKED, f"document {id} is not parked but {_state_text(row)}")
    holder = current_holder(row, action.now)
    if holder not in (None, action.by) and not action.force:
        raise ActionRefused(
            ErrorCode.RESERVED_BY_ANOTHER,
            f"{holder} is working on document {id} until {row.reserved_until:%Y-%m-%d %H:%M} UTC",
        )
    return row


def current_holder(row: Submission, now: dt.datetime) -> str | None:
    """Return who of the office is working on *row*; None if nobody is, or not any more."""
    return row.reserved_by if row.reserved_until is not None and row.reserved_until > now else None


def already_decided(session: Session, id: str, decision: Decision) -> Submission | None:
    """Return the submission *id* if the office has made this very decision on it before, else None."""
    row = get(session, id, lock=True)
    return row if row is not None and row.state != State.PARKED and row.decision == decision else None


def finish(
    session: Session,
    row: Submission,
    action: Action,
    name: str,
    state: State,
    *,
    reason: str | None,
    decision: Decision | None = None,
    owner: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write the outcome of *action* into *row* and enter it into the audit trail."""
    forced_from = current_holder(row, action.now)
    # Whoever still holds a claim from before must not settle over this.
    row.fence += 1
    row.reserved_by = row.reserved_until = None
    row.reason, row.owner, row.decision = reason, owner, decision
    row.error_class = row.advice = None
    row.errors = []
    row.tries, row.unfinished_leases, row.first_failed_at, row.due_at = 0, 0, None, action.now
    move(session, row, state, now=action.now, actor=action.actor, note=reason)
    record_audit(session, row, action, name, forced_from, detail)


def record_audit(
    session: Session,
    row: Submission,
    action: Action,
    name: str,
    forced_from: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Enter *deed* into the audit trail under the *name* of what was done."""
    more: dict[str, Any] = {"why": action.why} if action.why else {}
    if forced_from not in (None, action.by):
        more["taken_from"] = forced_from
    audit.record(
        session,
        actor=action.actor,
        action=AUDIT_PREFIX + name,
        subject=row.id,
        now=action.now,
        detail={**more, **(detail or {})},
    )


def _state_text(row: Submission) -> str:
    words = row.state
    if row.decision:
        words += f" ({row.decision} by the office)"
    if row.superseded_by:
        words += f", replaced by {row.superseded_by}"
    return f"{words}, under {row.erp_number}" if row.erp_number else words
