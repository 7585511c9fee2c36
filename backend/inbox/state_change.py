"""State change: what `settle` writes into a submission, and a constructor for each event outside the ERP.

What the ERP's answers lead to stands in `backend/delivery/transition.py`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from backend.erp.records import ErpDocument
from backend.inbox.models import Submission
from sync_protocol.errors import Fault, FaultJson
from sync_protocol.readable import readable
from sync_protocol.sentence import Sentence, coded, restored, sentence
from sync_protocol.submission import Decision, State

NUMBER_CONFLICT = "number_conflict"
UNLINKED = "unlinked"
ORIGINAL_MISSING = "original_missing"
"""`error_class` of a parked document that is about one which has not come back."""
PHONE_MISSING = "phone_missing"
"""`error_class` of a parked document that a phone may have replaced or withdrawn which has not come back."""
MAX_RAW = 4000
"""Characters of the ERP's own message that are kept."""
MAX_REASON = 1000
"""Characters of a reason or advice."""


def template_of(reason: str | None) -> dict[str, Any] | None:
    """Return *reason* as it is stored: the keys `code` and `parameters`; None if it is not a `Sentence`."""
    return coded(reason.mapped(_readable)) if isinstance(reason, Sentence) else None


def reason_of(row: Submission) -> str | None:
    """Return the stored reason of *row*, as the sentence that it was."""
    return None if row.reason is None else restored(row.reason, row.reason_template)


def _readable(text: str) -> str:
    return readable(text, MAX_REASON)


@dataclass(frozen=True)
class ErpBinding:
    """One of the ERP's ids that belongs to the submission; *entity* as in the binding table."""

    entity: str
    external_id: str
    number: str | None
    aggregated: bool = False


@dataclass(frozen=True)
class StateChange:
    """What `settle` writes into the submission. A field that is not given is reset, or kept if it says so."""

    state: State
    sent_at: dt.datetime | None
    """Since when the ERP may have it; None if it certainly does not."""
    reason: str | None = None
    raw: str | None = None
    error_class: str | None = None
    """A key of `PARK_REASONS`."""
    owner: str | None = None
    advice: str | None = None
    """What to do about it, where the connector knows."""
    errors: tuple[FaultJson, ...] = ()
    """Faults as on the wire: {code, field, message}."""
    due_at: dt.datetime | None = None
    """When a worker looks at it next; None: at once."""
    tries: int = 0
    first_failed_at: dt.datetime | None = None
    erp_id: str | None = None
    """None keeps the stored one."""
    erp_number: str | None = None
    """None keeps the stored one."""
    clear_erp_id: bool = False
    """Whether to delete the stored id and number, because the ERP no longer has them."""
    bindings: tuple[ErpBinding, ...] = ()
    replace_bindings: bool = False
    """Whether `bindings` replace the stored ones, whose document was cancelled in the ERP."""
    superseded_by: str | None = None
    """The document that replaces it; None keeps the stored one."""
    decision: Decision | None = None
    """What the office has decided; None keeps the stored one."""
    clear_decision: bool = False
    """Whether to delete the stored decision, because the office sends the document again."""
    note: str | None = None
    """For the history. None: the reason; an empty text: no note."""
    cause: str | None = None
    """The cause of a parked document, if it is known; None: `cause_of` computes it."""

    @classmethod
    def unchanged(cls, row: Submission, state: State) -> Self:
        """*row* goes to *state*, and everything else stays as it is stored."""
        return cls(
            state,
            row.last_sent_at,
            reason_of(row),
            row.raw_reason,
            row.error_class,
            row.owner,
            row.advice,
            tuple(row.errors),
            due_at=row.due_at,
            tries=row.tries,
            first_failed_at=row.first_failed_at,
            note="",
        )

    @classmethod
    def leased(cls, row: Submission) -> Self:
        """A worker has leased *row* and sends it. Its last reason stays readable until there is an answer."""
        return cls.unchanged(row, State.SENDING)

    @classmethod
    def lease_expired(cls, row: Submission, *, reason: str | None, due_at: dt.datetime) -> Self:
        """The worker that leased *row* has not reported back; *reason* is for the rep (None: the last one)."""
        change = cls.unchanged(row, State.UNKNOWN)
        note = f"{row.lease_owner} has not reported back"
        return replace(change, reason=reason or reason_of(row), due_at=due_at, note=note)

    @classmethod
    def interrupted(cls, row: Submission, *, error_class: str, owner: str | None) -> Self:
        """Too many leases of *row* ended without an answer. It may kill its workers, so a person decides."""
        return cls(
            State.PARKED,
            row.last_sent_at,
            sentence("interrupted", count=row.unfinished_leases),
            f"look for {row.id} in the ERP before sending it again; the workers' logs say more",
            error_class,
            owner,
            tries=row.tries,
            first_failed_at=row.first_failed_at,
            due_at=row.due_at,
        )

    @classmethod
    def number_conflict(cls, answer: "StateChange", rival: str) -> Self:
        """The ERP's *answer* has the id of an ERP document that is that of our document *rival*.

        The id stays with *rival*: stored here too, it would look like a document of its own.
        """
        number = answer.erp_number or answer.erp_id or ""
        return cls(
            State.PARKED,
            answer.sent_at,
            sentence("number_of_another", number=number),
            f"the ERP answered {number} ({answer.erp_id}), which is already the number of document {rival}",
            NUMBER_CONFLICT,
            "office",
            clear_erp_id=True,
        )

    @classmethod
    def receipts_complete(cls, row: Submission) -> Self:
        """The last receipt that *row* waited for is stored: it is sent now."""
        change = cls.unchanged(row, State.QUEUED)
        return replace(change, reason=None, owner=None, due_at=None, note="receipts complete")

    @classmethod
    def receipt_refused(cls, row: Submission, reason: str, faults: Iterable[Fault]) -> Self:
        """A receipt of *row* cannot be used: the rep sends a corrected copy with another one."""
        errors = tuple(fault.as_wire() for fault in faults)
        change = cls.unchanged(row, State.REJECTED)
        return replace(change, reason=reason, owner="rep", errors=errors, due_at=None, note=None)

    @classmethod
    def withdrawn(cls, row: Submission, reason: str | None) -> Self:
        """The rep has taken *row* back."""
        change = cls.unchanged(row, State.WITHDRAWN)
        return replace(change, reason=reason or sentence("withdrawn_by_rep"), owner=None, note=None)

    @classmethod
    def superseded(cls, row: Submission, newer: str) -> Self:
        """The rep's edited copy *newer* replaces *row*."""
        return replace(cls.unchanged(row, State.SUPERSEDED), superseded_by=newer)

    @classmethod
    def decided(
        cls,
        row: Submission,
        state: State,
        reason: str,
        *,
        decision: Decision | None,
        owner: str | None = None,
        error_class: str | None = None,
        advice: str | None = None,
        absent: bool = False,
        unlinked: bool = False,
        linked: ErpDocument | None = None,
        superseded_by: str | None = None,
        cause: str | None = None,
        now: dt.datetime,
    ) -> Self:
        """The office has acted on *row*, which was parked. The ERP's own message stays readable.

        Args:
            owner: who must act next.
            error_class: why it still waits for a person.
            advice: what to do about it, if the advice of *error_class* does not say everything.
            absent: whether the ERP was asked and does not have it.
            unlinked: whether its number in the ERP was that of another document.
            linked: the ERP's document that is accepted as this one. Its bindings are stored already.
            superseded_by: the office's correction.
            cause: that of a document which is parked again as it was; None: it is computed.
        """
        return cls(
            state,
            None if absent else row.last_sent_at or (now if linked else None),
            reason,
            row.raw_reason,
            error_class,
            owner=owner,
            advice=advice,
            erp_id=linked.external_id if linked else None,
            erp_number=linked.number if linked else None,
            clear_erp_id=absent or unlinked,
            superseded_by=superseded_by,
            decision=decision,
            clear_decision=decision is None,
            cause=cause,
        )
