"""What an answer of the ERP means for a submission: the table of error classes, and what follows.

| class         | next state | who acts | and                                                                 |
|---------------|------------|----------|---------------------------------------------------------------------|
| TRANSIENT     | queued     | nobody   | again with full jitter, without end; after a day the office is told |
| UNKNOWN       | unknown    | nobody   | the ERP is asked after the quiet period                             |
| REJECT_REP    | rejected   | rep      | the faults by field                                                 |
| REJECT_OFFICE | parked     | office   |                                                                     |
| CONFIG        | queued     | it       | the breaker opens; no try is counted; parked at the fourth          |
| DUPLICATE_OK  | unknown    | nobody   | looked up again and accepted                                        |
| DUPLICATE_BAD | parked     | office   | two documents of the ERP have our key                               |

One rule overrides the table: a submission that the ERP has, or may have, is never `queued` again but `unknown`.
A queued one can be withdrawn or replaced, and the ERP would keep the first version.
"""

import datetime as dt
from dataclasses import dataclass, replace

from backend.delivery.rep_message import REFUSED, office_text, plain, rep_fault, rep_sentence, with_message
from backend.delivery.transition import OWNER, Transition
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, Outcome
from backend.erp.totals import total_note
from backend.inbox.state_change import MAX_REASON, ErpBinding
from backend.retry import Backoff
from sync_protocol.errors import ErrorCode, FaultJson
from sync_protocol.json_types import Body
from sync_protocol.local_time import local_time
from sync_protocol.sentence import followed, sentence
from sync_protocol.submission import State

NOTIFY_OFFICE_AFTER = dt.timedelta(days=1)
MAX_CONFIG = 3
"""How often one document may stop the connector although each probe finds nothing wrong; then it is parked."""

NEXT_STATE: dict[ErrorClass, State] = {
    ErrorClass.TRANSIENT: State.QUEUED,
    ErrorClass.UNKNOWN: State.UNKNOWN,
    ErrorClass.REJECT_REP: State.REJECTED,
    ErrorClass.REJECT_OFFICE: State.PARKED,
    ErrorClass.CONFIG: State.QUEUED,
    ErrorClass.DUPLICATE_OK: State.UNKNOWN,
    ErrorClass.DUPLICATE_BAD: State.PARKED,
}
_RETRIED = frozenset({ErrorClass.TRANSIENT, ErrorClass.UNKNOWN, ErrorClass.DUPLICATE_OK})
_WITHOUT_WORDS = {
    State.REJECTED: REFUSED,
    State.ON_HOLD: sentence("on_hold"),
    State.HANDED_OVER: sentence("handed_over"),
    State.ACCEPTED: sentence("accepted"),
}
"""What the rep reads about an outcome whose reason is not for reps."""
SETTINGS_DO_NOT_FIT = sentence("settings_do_not_fit")
_BOUND = frozenset({State.ACCEPTED, State.ON_HOLD})
_CODES = frozenset(code.code for code in ErrorCode)


@dataclass(frozen=True)
class RetryState:
    """What decides about the next try beside the answer: the failures so far, and the waits in force."""

    tries: int
    first_failed_at: dt.datetime | None
    backoff: Backoff
    quiet: dt.timedelta
    config_errors: int = 0
    """How often this document has met a wrong setting before. A good probe has followed each of them, because
    nothing is leased while the breaker is open."""


def from_outcome(
    outcome: Outcome,
    kind: str,
    body: Body,
    document: ErpDocument,
    sent_at: dt.datetime | None,
) -> Transition:
    """Return the transition for *outcome* of advancing *document*; raises ErpError if it is no outcome.

    *body* is that of the submission, a document of *kind*. If the ERP's total differs from that of *body*, the
    reason says so.
    """
    if outcome.state not in (State.ACCEPTED, State.HANDED_OVER, State.ON_HOLD, State.REJECTED):
        raise ErpError(
            ErrorClass.UNKNOWN, f"the connector answered with {outcome.state!r}, which is no outcome"
        )
    external_id = outcome.external_id or document.external_id
    number = outcome.number or document.number
    rejected = outcome.state is State.REJECTED
    note = None if rejected else total_note(kind, body, outcome.total)
    reason, errors = _reason(outcome), _wire_errors(outcome.errors)
    return Transition(
        state=outcome.state,
        # The ERP will not execute what it has refused, so the rep's corrected copy may replace it.
        sent_at=None if rejected else sent_at,
        clear_erp_id=rejected,
        reason=_with_note(reason, note),
        raw=_office_words(outcome, reason, errors),
        error_class=ErrorClass.REJECT_REP if rejected else None,
        owner={State.REJECTED: "rep", State.ON_HOLD: "erp"}.get(outcome.state),
        advice=outcome.advice[:MAX_REASON] or None,
        errors=errors,
        erp_id=external_id,
        erp_number=number,
        # A document that was handed over has no id in the ERP yet, and a refused one may never get one.
        bindings=(ErpBinding(kind, external_id, number),) if outcome.state in _BOUND else (),
    )


def from_error(
    error: ErpError,
    *,
    retry_state: RetryState,
    now: dt.datetime,
    sent_at: dt.datetime | None,
    waits_quiet_period: bool,
    document: ErpDocument | None = None,
) -> Transition:
    """Return the transition for *error*.

    Args:
        sent_at: since when the ERP may have the document, after this error.
        waits_quiet_period: whether the ERP is asked about an unknown outcome only after the quiet period.
        document: what the ERP has.
    """
    error_class = error.error_class
    if error_class is ErrorClass.REJECT_REP and sent_at is not None:
        return _refused_after_sending(error, retry_state, now, sent_at, document)
    state = NEXT_STATE[error_class]
    if state is State.QUEUED and sent_at is not None:
        state = State.UNKNOWN
    reason = rep_sentence(error_class, error.message)
    transition = Transition(
        state,
        sent_at,
        reason,
        office_text(error, reason),
        error_class,
        OWNER.get(error_class),
        error.advice[:MAX_REASON] or None,
        due_at=now,
        tries=retry_state.tries,
        first_failed_at=retry_state.first_failed_at,
        erp_id=document.external_id if document else None,
        erp_number=document.number if document else None,
        operator_message=error.message,
        no_answer=error.no_answer,
        retry_after=error.retry_after,
    )
    if error_class is ErrorClass.REJECT_REP:
        fault: FaultJson = {"code": "", "field": error.field or "", "message": error.message}
        return replace(transition, errors=_wire_errors((fault,)))
    if error_class in _RETRIED:
        return _retry(transition, error, retry_state, now, waits_quiet_period)
    if error_class is ErrorClass.CONFIG:
        return _wrong_setting(transition, error, retry_state, now)
    return transition


def _retry(
    transition: Transition, error: ErpError, retry_state: RetryState, now: dt.datetime, waits_quiet_period: bool
) -> Transition:
    """Return *transition* with the time of the next try; after a day the office is told."""
    due_at = now + retry_state.backoff.wait(retry_state.tries, error.retry_after)
    if error.error_class is not ErrorClass.TRANSIENT and waits_quiet_period:
        due_at = now + retry_state.quiet
    first_failed_at = retry_state.first_failed_at or now
    transition = replace(
        transition, due_at=due_at, tries=retry_state.tries + 1, first_failed_at=first_failed_at
    )
    if now - first_failed_at < NOTIFY_OFFICE_AFTER:
        return transition
    return replace(transition, owner="office", reason=not_accepted_since(first_failed_at))


def _wrong_setting(
    transition: Transition, error: ErpError, retry_state: RetryState, now: dt.datetime
) -> Transition:
    """Return *transition* opening the breaker; parked once the probes show that only this document fails."""
    if retry_state.config_errors >= MAX_CONFIG:
        return replace(transition, state=State.PARKED, reason=SETTINGS_DO_NOT_FIT)
    due_at = now
    if retry_state.config_errors:
        # The probe found nothing wrong and this document failed again: let the others go first.
        due_at = now + dt.timedelta(seconds=retry_state.backoff.ceiling(retry_state.config_errors - 1))
    return replace(transition, due_at=due_at, opens_breaker=True)


def _refused_after_sending(
    error: ErpError,
    retry_state: RetryState,
    now: dt.datetime,
    sent_at: dt.datetime,
    document: ErpDocument | None,
) -> Transition:
    """Return the transition for a refusal that the rep could correct, of a document that the ERP may have.

    While the ERP may have the original, the rep's corrected copy is refused. Rejecting the document now would
    leave nobody able to act. If the ERP has begun it (*document*), the office removes or corrects it there.
    Otherwise the ERP is asked when no earlier call can create it any more; after that it is the rep's.
    """
    reason = rep_sentence(error.error_class, error.message)
    if document is not None:
        return Transition.parked(
            ErrorClass.REJECT_OFFICE,
            sentence("refuses_to_continue", sentence=reason),
            sent_at=sent_at,
            raw=office_text(error, reason),
            advice=error.advice or "Remove it in the ERP, then fix it or return it to the rep.",
            document=document,
        )
    due_at = max(sent_at + retry_state.quiet, now + retry_state.backoff.wait(retry_state.tries))
    transition = Transition.unknown(reason, sent_at=sent_at, due_at=due_at, raw=office_text(error, reason))
    return replace(transition, tries=retry_state.tries + 1, first_failed_at=retry_state.first_failed_at or now)


def not_accepted_since(moment: dt.datetime) -> str:
    """Return the sentence about a document that has failed since *moment*; a day later the office reads it."""
    return sentence("not_accepted_since", moment=local_time(moment))


def _reason(outcome: Outcome) -> str | None:
    """Return what the rep reads about *outcome*: the ERP's words, unless they have technical terms."""
    otherwise = _WITHOUT_WORDS.get(outcome.state)
    if outcome.reason is None or otherwise is None:
        return otherwise if outcome.state is State.REJECTED else None
    return plain(outcome.reason, otherwise)


def _with_note(reason: str | None, note: str | None) -> str | None:
    if note is None or note in (reason or ""):
        return reason
    return followed(note, reason) if reason else note


def _office_words(outcome: Outcome, reason: str | None, errors: tuple[FaultJson, ...]) -> str | None:
    """Return the ERP's words about *outcome*, with those of its messages that the rep does not read."""
    unread = [] if outcome.reason in (None, reason) else [outcome.reason]
    for given, shown in zip(outcome.errors, errors, strict=True):
        if given.get("message") not in (None, "", shown["message"]):
            unread.append(str(given["message"]))
    return with_message(outcome.raw, "; ".join(filter(None, unread))) or None


def _wire_errors(errors: tuple[FaultJson, ...]) -> tuple[FaultJson, ...]:
    """Return *errors* as on the wire: {code, field, message}, each in words that a rep can read."""
    known = (error["code"] if error.get("code") in _CODES else ErrorCode.FIELD_INVALID.code for error in errors)
    return tuple(rep_fault({**error, "code": code}) for code, error in zip(known, errors, strict=True))
