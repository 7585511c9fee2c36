"""What an office action is: its row in the table, a person's request, and what the action leads to."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from sqlalchemy.orm import Session

from backend.erp.records import ErpDocument
from backend.inbox.models import Submission
from backend.office.erp_check import ErpCheck
from backend.office.roles import Permission
from sync_protocol.submission import Decision, State


class ErpQuestion(Enum):
    """What the ERP is asked before an action, outside of any transaction."""

    BY_KEY = auto()
    """Look for the document under our key. The action is refused while the ERP has it or may have it."""
    BY_NUMBER = auto()
    """Look for it under our key, and for the number that the request names."""


@dataclass(frozen=True)
class ActionRequest:
    """One person's request to act on one document."""

    by: str
    """Name of the office account, or of the person at the CLI."""
    actor: str
    """The same person, as audit trail and history name them: `user:<by>`."""
    now: dt.datetime
    reservation: dt.timedelta
    """How long a reservation lasts."""
    why: str = ""
    force: bool = False
    """Act although somebody else has reserved the document, or although a check is in doubt."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The fields of `OfficeActionSchema` that `Action.arguments` names."""
    erp_check: ErpCheck | None = None
    """What the ERP answered; None if it was not asked."""

    @property
    def overrules_doubt(self) -> bool:
        """Whether the person insists, with a reason, although a check is in doubt."""
        return self.force and bool(self.why)


@dataclass(frozen=True)
class ActionResult:
    """What an action leads to; the service writes it into the document.

    Without a *state* the document stays parked and phones learn nothing: only the audit trail gets an entry.
    """

    state: State | None = None
    sentence: str = ""
    """What happened, for the rep; the person's reason is put behind it."""
    owner: str | None = None
    """Who must act next: `rep`, or None."""
    linked: ErpDocument | None = None
    """The ERP's document that is accepted as this one, with its number. The action has stored its bindings."""
    error_class: str | None = None
    """Why the document still waits for a person: a key of `PARK_REASONS`."""
    cause: str | None = None
    """The cause that the document is parked for again; None: the inbox computes it."""
    unlinked: bool = False
    """Whether the document has lost its number, because that was the number of another document."""
    advice: str | None = None
    """What to do about the document, if the advice of its *error_class* does not say everything."""
    correction: Submission | None = None
    """The new document that replaces this one and answers the request."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """More for the audit trail; JSON."""


Perform = Callable[[Session, Submission, ActionRequest], ActionResult | None]
"""Carries out an action on a locked, parked row. None: there was nothing to change. Raises `ActionRefused`."""

FindEarlier = Callable[[Session, Submission, ActionRequest], Submission | None]
"""Returns the document that answers a request for a decision that was made before; None if they differ."""


def same_document(session: Session, row: Submission, request: ActionRequest) -> Submission:
    """Answer a repeated decision with the document itself."""
    return row


@dataclass(frozen=True)
class Action:
    """One row of the table of actions."""

    name: str
    """Command of the CLI, last part of the API's address, and, after `parked.`, the audit trail's action."""
    perform: Perform
    summary: str
    """What it does, for `--help` and OpenAPI."""
    permission: Permission
    needs_reason: bool = False
    """Whether the request must give a reason, because the rep reads it."""
    arguments: tuple[str, ...] = ()
    """Further fields that the request must have."""
    erp_question: ErpQuestion | None = None
    replaces_document: bool = False
    """Whether a new document takes the place of this one. Pushes of the same rep wait until that is decided."""
    wakes_worker: bool = False
    """Whether there is something to send afterwards."""
    decision: Decision | None = None
    """What the rep's phone shows as the office's decision. The same decision again changes nothing."""
    for_many: bool = False
    """Whether a batch may carry it out on every document with one cause."""
    any_state: bool = False
    """Whether it acts on documents that are not parked too, and checks their state itself."""
    find_earlier: FindEarlier = same_document
    """Whether a request repeats the decision that was made, and which document answers it then."""
