"""Which actions a page offers for a document: those that fit its state and class, and the person's roles.

Separate from `actions.py`: an action itself refuses what does not fit; this spares a person the refusal.
"""

import datetime as dt

from sqlalchemy.orm import Session

from backend.delivery.park_reasons import APPROVAL, CHANGE_REQUEST, UNKNOWN_KIND, class_of
from backend.inbox.models import Submission
from backend.inbox.submissions import may_be_in_erp
from backend.office.access import OfficeUser
from backend.office.actions import ACTIONS
from backend.office.queries import reservation_holder
from sync_protocol.submission import State

_SETTLING = ("cancel", "return")


def applicable(session: Session, user: OfficeUser, row: Submission, now: dt.datetime) -> list[str]:
    """Return the names of the actions that *user* may carry out on *row* at *now*, the usual one first."""
    return [
        name
        for name in _names(row, user.name, now)
        if user.may(session, ACTIONS[name].permission, row.kind, row.rep)
    ]


def _names(row: Submission, person: str, now: dt.datetime) -> tuple[str, ...]:
    match State(row.state):
        case State.PARKED:
            holder = reservation_holder(row, now)
            return (*_for_class(class_of(row)), *_SETTLING, "release" if holder == person else "reserve")
        case State.QUEUED | State.RECEIVED:
            return () if may_be_in_erp(row) else ("recall",)
        case State.ACCEPTED | State.ON_HOLD:
            return ("unlink",) if row.erp_number else ()
        case _:
            return ()


def _for_class(error_class: str) -> tuple[str, ...]:
    """Return what settles a document that is parked with *error_class*."""
    special = {APPROVAL: ("approve",), CHANGE_REQUEST: ("done",), UNKNOWN_KIND: ("retry",)}
    return special.get(error_class, ("retry", "link"))
