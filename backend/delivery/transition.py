"""Transition: the state change that an answer of the ERP leads to, and a constructor for each outcome.

How an answer of the ERP becomes a transition stands in `erp_response.py`.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backend.delivery.park_reasons import DUPLICATE_IN_ERP, MISSING_IN_ERP, NO_ANSWER, PARK_REASONS
from backend.delivery.queue.lease import Lease
from backend.erp.errors import ErrorClass
from backend.erp.records import ErpDocument
from backend.inbox.state_change import MAX_REASON, ErpBinding, StateChange
from sync_protocol.sentence import sentence
from sync_protocol.submission import Decision, State

OWNER: dict[ErrorClass, str] = {
    error_class: owner for error_class in ErrorClass if (owner := PARK_REASONS[error_class.value].owner)
}


@dataclass(frozen=True)
class Transition(StateChange):
    """The state change that an answer of the ERP leads to, and what it means for the connector."""

    error_class: ErrorClass | None = None
    operator_message: str = ""
    """The connector's own message about an error, for the log and the breaker; phones never get it."""
    opens_breaker: bool = False
    """Whether the connector's breaker opens."""
    no_answer: bool = False
    """Whether the ERP as a whole did not answer."""
    retry_after: float | None = None
    """When the ERP asked to be called again, in seconds."""

    @classmethod
    def accepted(
        cls,
        kind: str,
        document: ErpDocument,
        *,
        sent_at: dt.datetime | None,
        raw: str | None = None,
        replace_bindings: bool = False,
    ) -> "Transition":
        """The ERP has the submission of *kind* as *document*."""
        return cls(
            State.ACCEPTED,
            sent_at,
            raw=raw,
            erp_id=document.external_id,
            erp_number=document.number,
            bindings=(ErpBinding(kind, document.external_id, document.number),),
            replace_bindings=replace_bindings,
        )

    @classmethod
    def lines_accepted(
        cls, kind: str, lines: Mapping[str, ErpDocument], *, sent_at: dt.datetime | None
    ) -> "Transition":
        """The ERP has set its *lines* (by product) for the forecast of *kind*."""
        numbers = {line.number for line in lines.values()}
        return cls(
            State.ACCEPTED,
            sent_at,
            erp_number=numbers.pop() if len(numbers) == 1 else None,
            bindings=tuple(
                ErpBinding(f"{kind}:{product}", line.external_id, line.number, aggregated=True)
                for product, line in sorted(lines.items())
            ),
        )

    @classmethod
    def cancelled(
        cls,
        kind: str,
        document: ErpDocument,
        *,
        sent_at: dt.datetime | None,
        raw: str | None = None,
        replace_bindings: bool = False,
    ) -> "Transition":
        """Somebody has cancelled *document* in the ERP."""
        accepted = cls.accepted(kind, document, sent_at=sent_at, raw=raw, replace_bindings=replace_bindings)
        return replace(accepted, state=State.CANCELLED, reason=sentence("cancelled_in_erp"))

    @classmethod
    def deleted(cls, reason: str) -> "Transition":
        """Somebody has deleted it in the ERP on purpose, so it is not sent again."""
        return cls(State.CANCELLED, None, reason, clear_erp_id=True, decision=Decision.CANCELLED)

    @classmethod
    def unknown(
        cls,
        reason: str,
        *,
        sent_at: dt.datetime | None,
        due_at: dt.datetime,
        raw: str | None = None,
        error_class: ErrorClass | None = ErrorClass.UNKNOWN,
        document: ErpDocument | None = None,
    ) -> "Transition":
        """The ERP has it or may have it; it is asked at *due_at*. *document* is what the ERP has shown."""
        return cls(
            State.UNKNOWN,
            sent_at,
            reason,
            raw,
            error_class,
            due_at=due_at,
            erp_id=document.external_id if document else None,
            erp_number=document.number if document else None,
        )

    @classmethod
    def waits(cls, lease: Lease, reason: str, needs_person: bool, *, due_at: dt.datetime) -> "Transition":
        """It waits for a document that it depends on, which has left the ERP. No try is counted."""
        return cls(
            State.QUEUED,
            None,
            reason,
            owner="office" if needs_person else None,
            due_at=due_at,
            tries=lease.tries,
            first_failed_at=lease.first_failed_at,
        )

    @classmethod
    def quiet_period(
        cls, *, sent_at: dt.datetime, due_at: dt.datetime, tries: int, first_failed_at: dt.datetime | None
    ) -> "Transition":
        """An earlier call may still be executed; the ERP is asked at *due_at*. No try is counted."""
        return cls(
            State.UNKNOWN,
            sent_at,
            NO_ANSWER,
            error_class=ErrorClass.UNKNOWN,
            due_at=due_at,
            tries=tries,
            first_failed_at=first_failed_at,
        )

    @classmethod
    def parked(
        cls,
        error_class: ErrorClass,
        reason: str,
        *,
        sent_at: dt.datetime | None,
        raw: str | None = None,
        advice: str | None = None,
        document: ErpDocument | None = None,
        clear_erp_id: bool = False,
    ) -> "Transition":
        """A person must decide: the owner of *error_class*. *document* is what the ERP has."""
        return cls(
            State.PARKED,
            sent_at,
            reason,
            raw,
            error_class,
            OWNER[error_class],
            advice[:MAX_REASON] if advice else None,
            erp_id=document.external_id if document else None,
            erp_number=document.number if document else None,
            clear_erp_id=clear_erp_id,
        )

    @classmethod
    def missing(
        cls, raw: str, *, sent_at: dt.datetime | None = None, reason: str = MISSING_IN_ERP
    ) -> "Transition":
        """The ERP had it and no longer has it. The office decides; a retry then creates a new document."""
        return cls.parked(ErrorClass.REJECT_OFFICE, reason, sent_at=sent_at, raw=raw, clear_erp_id=True)

    @classmethod
    def duplicate(cls, raw: str, *, sent_at: dt.datetime | None) -> "Transition":
        """The ERP has more than one document under our key."""
        return cls.parked(ErrorClass.DUPLICATE_BAD, DUPLICATE_IN_ERP, sent_at=sent_at, raw=raw)
