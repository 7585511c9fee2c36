"""A submission: a document that a rep captured, and its states on the way to the ERP.

The document is frozen at capture. Its id is made on the device. The sha256 over the canonical body proves to
both sides that the stored body is the one that was typed.
"""

from enum import StrEnum
from typing import NotRequired, Self, TypedDict

from marshmallow import INCLUDE, Schema, fields

from sync_protocol.fields import Bounded, Count, Instant, ReceiptRef, Sha256, Text, Ulid
from sync_protocol.json_types import Body


class State(StrEnum):
    """The state of a submission. Reps and the back office see these words unchanged."""

    RECEIVED = "received"
    """On the server's disk; a receipt or a document that it needs has not arrived yet, a receipt is not checked
    yet, or the ERP must be asked first whether it has it already."""
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    """Ready for the ERP."""
    SENDING = "sending"
    ACCEPTED = "accepted"
    """The ERP has it, under the ERP number."""
    HANDED_OVER = "handed_over"
    """A file or message has been sent; the ERP's acknowledgement has not arrived yet."""
    ON_HOLD = "on_hold"
    """The ERP has it, and a person there has to decide (credit, block)."""
    REJECTED = "rejected"
    """The rep can correct it: an edited copy supersedes it."""
    UNKNOWN = "unknown"
    """It may have been executed. The worker asks the ERP before it sends anything again."""
    PARKED = "parked"
    """The office must act."""
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


S = State

TITLE_CHARACTERS = 300
"""The longest title of a submission."""
_REPLACED = " (replaced)"


def title_in_state(title: str, state: str) -> str:
    """Return *title*, marked if a newer document has replaced the one that it names."""
    if state != State.SUPERSEDED:
        return title
    return title[: TITLE_CHARACTERS - len(_REPLACED)] + _REPLACED


_FOUND_IN_ERP = frozenset({S.ACCEPTED, S.UNKNOWN, S.PARKED})
"""After our database was restored, the ERP may have a document that the database shows as unsent."""

_CHECKED = frozenset({S.RECEIVED})
"""After our database was restored, the ERP is asked before any rule decides about a document again."""

_LOST_IN_ERP = frozenset({S.UNKNOWN, S.PARKED})
"""The ERP may lose a document: it was restored from a backup, or a person deleted the document."""

MOVES: dict[State, frozenset[State]] = {
    S.RECEIVED: frozenset(
        {S.QUEUED, S.AWAITING_APPROVAL, S.REJECTED, S.PARKED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED}
    )
    | _FOUND_IN_ERP,
    S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
    | _FOUND_IN_ERP
    | _CHECKED,
    S.QUEUED: frozenset({S.SENDING, S.PARKED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
    | _FOUND_IN_ERP
    | _CHECKED,
    S.SENDING: frozenset(
        {S.QUEUED, S.ACCEPTED, S.HANDED_OVER, S.ON_HOLD, S.REJECTED, S.UNKNOWN, S.PARKED, S.SENDING}
    )
    | _CHECKED,
    S.UNKNOWN: frozenset({S.SENDING, S.ACCEPTED, S.QUEUED, S.PARKED, S.ON_HOLD, S.REJECTED, S.UNKNOWN})
    | _CHECKED,
    S.HANDED_OVER: frozenset({S.ACCEPTED, S.REJECTED, S.ON_HOLD, S.PARKED, S.CANCELLED}) | _LOST_IN_ERP,
    S.ON_HOLD: frozenset({S.ACCEPTED, S.REJECTED, S.CANCELLED, S.QUEUED, S.PARKED, S.SENDING}) | _LOST_IN_ERP,
    # From PARKED to PARKED: for another reason. To RECEIVED: it still lacks a receipt.
    S.PARKED: frozenset({S.QUEUED, S.UNKNOWN, S.ACCEPTED, S.REJECTED, S.CANCELLED, S.SUPERSEDED, S.WITHDRAWN})
    | {S.RECEIVED, S.PARKED},
    S.REJECTED: frozenset({S.SUPERSEDED, S.QUEUED, S.CANCELLED, S.WITHDRAWN}),
    S.ACCEPTED: frozenset({S.CANCELLED}) | _LOST_IN_ERP,
    S.WITHDRAWN: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""The allowed transitions. Any other one is a programming error and raises."""

FINAL = frozenset({S.ACCEPTED, S.REJECTED, S.WITHDRAWN, S.SUPERSEDED, S.CANCELLED})
"""Final states: after a grace period a device may delete its own copy."""

REPLACEABLE = frozenset({S.RECEIVED, S.AWAITING_APPROVAL, S.QUEUED, S.REJECTED, S.PARKED})
"""States in which a newer submission may supersede this one, unless a call to the ERP was made for it."""


class Decision(StrEnum):
    """The office's decision on a parked document. A record carries it beside the state."""

    label: str
    """The phrase that a rep reads."""

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
    """Say whether the transition from *old* to *new* is allowed."""
    return new in MOVES[old]


class SubmissionJson(TypedDict):
    """A captured document on the wire, as `SubmissionSchema` has it."""

    id: str
    kind: str
    captured_at: str
    zone: NotRequired[str]
    schema: int
    body: Body
    sha256: str
    needs: NotRequired[list[str]]
    depends_on: NotRequired[list[str]]
    supersedes: NotRequired[str | None]


class SubmissionSchema(Schema):
    """A captured document on the wire. Unknown fields of a newer app are kept."""

    class Meta:
        unknown = INCLUDE

    id = Ulid(required=True)
    kind = Text(40, required=True)
    captured_at = Instant(required=True)
    zone = Text(60, load_default="UTC")
    schema = Count(least=1, most=1_000_000, required=True)
    body = fields.Dict(required=True)
    sha256 = Sha256(required=True)
    needs = Bounded(ReceiptRef(), most=500, load_default=list)
    depends_on = Bounded(Ulid(), most=50, load_default=list)
    supersedes = Ulid(load_default=None, allow_none=True)
