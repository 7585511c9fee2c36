"""A submission: what a rep captured, and the states it passes on its way to the ERP.

The document is frozen at capture: its id is made on the device, and the sha256 over the canonical body
proves to both sides that what was stored is what was typed.
"""

from enum import StrEnum
from typing import Self

from marshmallow import INCLUDE, Schema, fields, validate

from sync_protocol.fields import Count, Instant, ReceiptRef, Sha256, Text, Ulid


class State(StrEnum):
    """Where a submission stands. The words are shown to reps and the back office as they are."""

    RECEIVED = "received"
    """On the server's disk; something it needs (a receipt, a document before it) is not there yet."""
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    """Ready for the ERP."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The ERP has it, under the ERP number."""
    HANDED_OVER = "handed_over"
    """A file or message is on its way; the ERP's acknowledgement is awaited."""
    ON_HOLD = "on_hold"
    """The ERP has it and a person there decides (credit, block)."""
    REJECTED = "rejected"
    """The rep can fix it: an editable copy supersedes it."""
    UNKNOWN = "unknown"
    """It may have been executed. Only the ERP can tell, and it will be asked before anything is sent again."""
    PARKED = "parked"
    """The office must look."""
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


S = State

_FOUND_THERE = frozenset({S.ACCEPTED, S.UNKNOWN, S.PARKED})
"""After a restore the ERP may turn out to have what our database believes unsent."""

_LOST_THERE = frozenset({S.UNKNOWN, S.PARKED})
"""The ERP may lose what it had: a backup of it is put back, or a person deletes the document."""

MOVES: dict[State, frozenset[State]] = {
    S.RECEIVED: frozenset(
        {S.QUEUED, S.AWAITING_APPROVAL, S.REJECTED, S.PARKED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED}
    )
    | _FOUND_THERE,
    S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
    | _FOUND_THERE,
    S.QUEUED: frozenset({S.SENDING, S.PARKED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
    | _FOUND_THERE,
    S.SENDING: frozenset(
        {S.QUEUED, S.ACCEPTED, S.HANDED_OVER, S.ON_HOLD, S.REJECTED, S.UNKNOWN, S.PARKED, S.SENDING}
    ),
    S.UNKNOWN: frozenset({S.SENDING, S.ACCEPTED, S.QUEUED, S.PARKED, S.ON_HOLD, S.REJECTED, S.UNKNOWN}),
    S.HANDED_OVER: frozenset({S.ACCEPTED, S.REJECTED, S.ON_HOLD, S.PARKED, S.CANCELLED}) | _LOST_THERE,
    S.ON_HOLD: frozenset({S.ACCEPTED, S.REJECTED, S.CANCELLED, S.QUEUED, S.PARKED, S.SENDING}) | _LOST_THERE,
    S.PARKED: frozenset({S.QUEUED, S.UNKNOWN, S.ACCEPTED, S.REJECTED, S.CANCELLED, S.SUPERSEDED, S.WITHDRAWN}),
    S.REJECTED: frozenset({S.SUPERSEDED, S.QUEUED, S.CANCELLED, S.WITHDRAWN}),
    S.ACCEPTED: frozenset({S.CANCELLED}) | _LOST_THERE,
    S.WITHDRAWN: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""What moves a submission may make. Anything else is a programming error and is refused loudly."""

FINAL = frozenset({S.ACCEPTED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
"""States in which a device may let go of its own copy, after a grace period."""

REPLACEABLE = frozenset({S.RECEIVED, S.AWAITING_APPROVAL, S.QUEUED, S.REJECTED, S.PARKED})
"""States in which a newer submission may supersede this one, unless a call to the ERP was made for it."""


class Decision(StrEnum):
    """What the office has decided about a parked document. It travels beside the state."""

    label: str
    """How the device words it."""

    FIXED = "fixed", "corrected by the office, which sends its own version"
    LINKED = "linked", "in the ERP, entered there by the office"
    CANCELLED = "cancelled", "cancelled by the office"
    RETURNED = "returned", "sent back by the office; correct it and capture it again"
    DONE = "done", "done by the office"

    def __new__(cls, value: str, label: str = "") -> Self:
        """Create the member that travels as *value*."""
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member


def may_move(old: State, new: State) -> bool:
    """Say whether a submission may go from *old* to *new*."""
    return new in MOVES[old]


class SubmissionSchema(Schema):
    """One captured document, as it travels. Unknown fields of a newer app are kept."""

    class Meta:
        unknown = INCLUDE

    id = Ulid(required=True)
    kind = Text(40, required=True)
    captured_at = Instant(required=True)
    zone = Text(60, load_default="UTC")
    schema = Count(least=1, most=1_000_000, required=True)
    body = fields.Dict(required=True)
    sha256 = Sha256(required=True)
    needs = fields.List(ReceiptRef(), load_default=list, validate=validate.Length(max=500))
    depends_on = fields.List(Ulid(), load_default=list, validate=validate.Length(max=50))
    supersedes = Ulid(load_default=None, allow_none=True)
