"""What an answer of the ERP means for a submission: the table of error classes, and what follows.

| class         | next state | who acts | and                                                        |
|---------------|------------|----------|------------------------------------------------------------|
| TRANSIENT     | queued     | nobody   | again with full jitter, without end; the office after a day |
| UNKNOWN       | unknown    | nobody   | the ERP is asked after the quiet period                    |
| REJECT_REP    | rejected   | rep      | the faults by field                                        |
| REJECT_OFFICE | parked     | office   |                                                            |
| CONFIG        | queued     | it       | the breaker opens; no try is counted; parked at the fourth |
| DUPLICATE_OK  |            |          | looked up again and taken                                  |
| DUPLICATE_BAD | parked     | office   | two documents of the ERP carry our key                     |

One thing overrides the table: a submission that the ERP has, or may have, is never `queued` again but
`unknown`. What is queued can be withdrawn or replaced, and the ERP would keep the first version.
"""

import datetime as dt
from dataclasses import dataclass, field

from backend.delivery.park_reasons import PARK_REASONS
from backend.delivery.retry import Backoff
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, Outcome
from backend.erp.sanitize import sanitized
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State

NOTIFY_OFFICE_AFTER = dt.timedelta(days=1)
MAX_RAW = 4000
"""So many characters of the ERP's own words are kept."""
MAX_CONFIG = 3
"""So often one document may stop the connector although the probe is content; then it is parked."""

NEXT_STATE: dict[ErrorClass, State] = {
    ErrorClass.TRANSIENT: State.QUEUED,
    ErrorClass.UNKNOWN: State.UNKNOWN,
    ErrorClass.REJECT_REP: State.REJECTED,
    ErrorClass.REJECT_OFFICE: State.PARKED,
    ErrorClass.CONFIG: State.QUEUED,
    ErrorClass.DUPLICATE_OK: State.UNKNOWN,
    ErrorClass.DUPLICATE_BAD: State.PARKED,
}
OWNER: dict[ErrorClass, str] = {
    error_class: owner for error_class in ErrorClass if (owner := PARK_REASONS[error_class.value].owner)
}
_AGAIN = frozenset({ErrorClass.TRANSIENT, ErrorClass.UNKNOWN, ErrorClass.DUPLICATE_OK})
_BOUND = frozenset({State.ACCEPTED, State.ON_HOLD})
_CODES = frozenset(code.code for code in ErrorCode)


@dataclass(frozen=True)
class ErpBinding:
    """One of the ERP's ids that belongs to the submission; *entity* as in the binding table."""

    entity: str
    external_id: str
    number: str | None
    aggregated: bool = False


@dataclass(frozen=True)
class Transition:
    """What `settle` writes into the submission."""

    state: State
    sent_at: dt.datetime | None
    """Since when the ERP may have it; None if it certainly does not."""
    reason: str | None = None
    raw: str | None = None
    error_class: ErrorClass | None = None
    owner: str | None = None
    advice: str | None = None
    """What to do about it, where the connector knows."""
    errors: tuple[dict[str, str], ...] = ()
    due_at: dt.datetime | None = None
    tries: int = 0
    first_failed_at: dt.datetime | None = None
    erp_id: str | None = None
    """None leaves what is known."""
    erp_number: str | None = None
    clear_erp_id: bool = False
    """Whether the ERP's id and number are to be forgotten, because the ERP has."""
    bindings: tuple[ErpBinding, ...] = field(default=())
    replace_bindings: bool = False
    """Whether `bindings` take the place of those there are: what these name was cancelled in the ERP."""
    opens_breaker: bool = False
    """Whether the connector's breaker opens."""
    no_answer: bool = False
    """Whether the ERP as a whole did not answer."""
    retry_after: float | None = None
    """When the ERP asked to come again, in seconds."""


@dataclass(frozen=True)
class RetryState:
    """What a fate depends on beside the answer: the failures so far, and the waits in force."""

    tries: int
    first_failed_at: dt.datetime | None
    backoff: Backoff
    quiet: dt.timedelta
    config_errors: int = 0
    """Times that this document has met a wrong setting before. Nothing is claimed while the breaker is
    open, so a good probe has followed each of them."""


def from_outcome(outcome: Outcome, kind: str, found: ErpDocument, sent_at: dt.datetime | None) -> Transition:
    """Return the fate that *outcome* of advancing *found* decides; raises ErpError if it is not one."""
    if outcome.state not in (State.ACCEPTED, State.HANDED_OVER, State.ON_HOLD, State.REJECTED):
        raise ErpError(
            ErrorClass.UNKNOWN, f"the connector answered with {outcome.state!r}, which is no outcome"
        )
    external_id = outcome.external_id or found.external_id
    number = outcome.number or found.number
    rejected = outcome.state is State.REJECTED
    return Transition(
        state=outcome.state,
        # What the ERP itself has refused it will not execute: the rep's corrected copy may take its place.
        sent_at=None if rejected else sent_at,
        clear_erp_id=rejected,
        reason=outcome.reason or ("The ERP refused it" if rejected else None),
        raw=outcome.raw,
        error_class=ErrorClass.REJECT_REP if rejected else None,
        owner={State.REJECTED: "rep", State.ON_HOLD: "erp"}.get(outcome.state),
        advice=outcome.advice[:1000] or None,
        errors=_wire_errors(outcome.errors),
        erp_id=external_id,
        erp_number=number,
        # What was handed over has no id in the ERP yet, and what was refused may never get one.
        bindings=(ErpBinding(kind, external_id, number),) if outcome.state in _BOUND else (),
    )


def from_error(
    error: ErpError,
    *,
    retry_state: RetryState,
    now: dt.datetime,
    sent_at: dt.datetime | None,
    waits_quiet_period: bool,
    found: ErpDocument | None = None,
) -> Transition:
    """Return the fate that *error* decides.

    *sent_at* says since when the ERP may have the document after this error; *rests* whether an unknown
    outcome rests for the quiet period before the ERP is asked; *found* what the ERP has.
    """
    error_class = error.error_class
    state = NEXT_STATE[error_class]
    if state is State.QUEUED and sent_at is not None:
        state = State.UNKNOWN
    tries, first_failed_at = retry_state.tries, retry_state.first_failed_at
    owner, reason, due_at = OWNER.get(error_class), error.message, now
    if error_class is ErrorClass.REJECT_REP and sent_at is not None:
        return _refused_after_sending(error, retry_state, now, sent_at, found)
    if error_class in _AGAIN:
        due_at = now + retry_state.backoff.wait(tries, error.retry_after)
        if error_class is not ErrorClass.TRANSIENT and waits_quiet_period:
            due_at = now + retry_state.quiet
        tries, first_failed_at = tries + 1, first_failed_at or now
        if now - first_failed_at >= NOTIFY_OFFICE_AFTER:
            owner = "office"
            reason = f"The ERP has not taken it since {first_failed_at:%Y-%m-%d %H:%M} UTC: {error.message}"
    elif error_class is ErrorClass.CONFIG and retry_state.config_errors >= MAX_CONFIG:
        # The connection is in order each time it is asked: it is this document that does not go through.
        state = State.PARKED
        reason = f"The connection to the ERP works, but its settings do not fit this document: {error.message}"
    elif error_class is ErrorClass.CONFIG:
        reason = f"Sending to the ERP is stopped until it is set right: {error.message}"
        if retry_state.config_errors:
            # The probe was content and this document was not: let the others go first.
            due_at = now + dt.timedelta(seconds=retry_state.backoff.ceiling(retry_state.config_errors - 1))
    return Transition(
        state=state,
        sent_at=sent_at,
        reason=reason[:1000],
        raw=error.raw,
        error_class=error_class,
        owner=owner,
        advice=error.advice[:1000] or None,
        errors=_wire_errors(({"field": error.field, "message": error.message},))
        if error_class is ErrorClass.REJECT_REP
        else (),
        due_at=due_at,
        tries=tries,
        first_failed_at=first_failed_at,
        erp_id=found.external_id if found else None,
        erp_number=found.number if found else None,
        opens_breaker=error_class is ErrorClass.CONFIG and state is not State.PARKED,
        no_answer=error.no_answer,
        retry_after=error.retry_after,
    )


def _refused_after_sending(
    error: ErpError, past: RetryState, now: dt.datetime, sent_at: dt.datetime, found: ErpDocument | None
) -> Transition:
    """Return the fate of a refusal that the rep could mend, of a document that the ERP has or may have.

    A rejected document is nobody's but the rep's, whose copy is refused as long as the ERP may have the
    original: so it would be stuck. What the ERP has begun, the office removes or corrects; what an earlier call
    may yet create is asked about once that cannot be any more, and is then the rep's.
    """
    if found is not None:
        return Transition(
            state=State.PARKED,
            sent_at=sent_at,
            reason=f"The ERP has begun it and refuses to go on: {error.message}"[:1000],
            raw=error.raw,
            error_class=ErrorClass.REJECT_OFFICE,
            owner=OWNER[ErrorClass.REJECT_OFFICE],
            advice=(error.advice or "Remove it in the ERP, then fix it or send it back to the rep.")[:1000],
            due_at=now,
            erp_id=found.external_id,
            erp_number=found.number,
        )
    return Transition(
        state=State.UNKNOWN,
        sent_at=sent_at,
        reason=error.message[:1000],
        raw=error.raw,
        error_class=ErrorClass.UNKNOWN,
        due_at=max(sent_at + past.quiet, now + past.backoff.wait(past.tries)),
        tries=past.tries + 1,
        first_failed_at=past.first_failed_at or now,
    )


def _wire_errors(errors: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
    """Return *errors* as they travel: a code of the wire, a field, a message."""
    return tuple(
        {
            "code": error["code"] if error.get("code") in _CODES else ErrorCode.FIELD_INVALID.code,
            "field": sanitized(str(error.get("field") or ""))[:300],
            "message": sanitized(str(error.get("message") or "was refused"))[:1000],
        }
        for error in errors
    )
