"""A deed: who of the office does something to a parked document, and what stands in the way."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.feed.changes import publish
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get, move
from sync_protocol.change import Put
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.submission import Decision, State

ACTION = "parked."
"""Before the name of each deed in the audit trail."""


class DeedRefused(Exception):
    """What was wanted cannot be done now; the message says why and what can be done. Nothing was changed."""

    def __init__(self, code: ErrorCode, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.faults = code, message, tuple(faults)


@dataclass(frozen=True)
class Deed:
    """Who acts, when, and why. *force*: although somebody else is working on the document."""

    by: str
    now: dt.datetime
    why: str = ""
    force: bool = False

    @property
    def actor(self) -> str:
        """The actor as audit trail and history name them."""
        return f"user:{self.by}"

    def with_why(self, words: str) -> str:
        """Return *words*, followed by the reason given."""
        return (f"{words}: {self.why}" if self.why else words)[:1000]


def known(session: Session, id: str) -> Submission:
    """Return the submission *id*, as read; raises `DeedRefused` (not_found)."""
    row = get(session, id)
    if row is None:
        raise DeedRefused(ErrorCode.NOT_FOUND, f"there is no document {id}")
    return row


def grasp(session: Session, id: str, deed: Deed) -> Submission:
    """Return the parked submission *id*, locked until the commit, for *deed*.

    Raises `DeedRefused`: not_found, not_parked, or taken_by_another unless the deed is forced.
    """
    row = get(session, id, lock=True)
    if row is None:
        raise DeedRefused(ErrorCode.NOT_FOUND, f"there is no document {id}")
    if row.state != State.PARKED:
        raise DeedRefused(ErrorCode.NOT_PARKED, f"document {id} is not parked but {_standing(row)}")
    holder = holder_of(row, deed.now)
    if holder not in (None, deed.by) and not deed.force:
        raise DeedRefused(
            ErrorCode.TAKEN_BY_ANOTHER,
            f"{holder} is working on document {id} until {row.taken_until:%Y-%m-%d %H:%M} UTC",
        )
    return row


def holder_of(row: Submission, now: dt.datetime) -> str | None:
    """Return who of the office is working on *row*; None if nobody is, or not any more."""
    return row.taken_by if row.taken_until is not None and row.taken_until > now else None


def decided(session: Session, id: str, decision: Decision) -> Submission | None:
    """Return the submission *id* if the office has made this very decision on it before, else None."""
    row = get(session, id, lock=True)
    return row if row is not None and row.state != State.PARKED and row.decision == decision else None


def settle(
    session: Session,
    row: Submission,
    deed: Deed,
    name: str,
    state: State,
    *,
    reason: str | None,
    decision: Decision | None = None,
    owner: str | None = None,
    also: Iterable[Submission] = (),
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write the outcome of *deed* into *row*, enter it into the audit trail, and publish it and *also*.

    It publishes, so it is the transaction's last act.
    """
    forced_from = holder_of(row, deed.now)
    # Whoever still holds a claim from before must not settle over this.
    row.fence += 1
    row.taken_by = row.taken_until = None
    row.reason, row.owner, row.decision = reason, owner, decision
    row.error_class = row.fix = None
    row.errors = []
    row.tries, row.claims, row.first_failed_at, row.due_at = 0, 0, None, deed.now
    move(session, row, state, now=deed.now, actor=deed.actor, note=reason)
    enter(session, row, deed, name, forced_from, detail)
    publish(session, [Put("submissions", one.id, as_record(one)) for one in (row, *also)])


def enter(
    session: Session,
    row: Submission,
    deed: Deed,
    name: str,
    forced_from: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Enter *deed* into the audit trail under the *name* of what was done."""
    more: dict[str, Any] = {"why": deed.why} if deed.why else {}
    if forced_from not in (None, deed.by):
        more["taken_from"] = forced_from
    audit.record(
        session,
        actor=deed.actor,
        action=ACTION + name,
        subject=row.id,
        now=deed.now,
        detail={**more, **(detail or {})},
    )


def _standing(row: Submission) -> str:
    words = row.state
    if row.decision:
        words += f" ({row.decision} by the office)"
    if row.superseded_by:
        words += f", replaced by {row.superseded_by}"
    return f"{words}, under {row.erp_number}" if row.erp_number else words
