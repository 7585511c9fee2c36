"""Transfer: one leased submission into the ERP. Find, create, advance; or the upsert of a forecast.

Each call is written down and committed before it is made. A transfer returns a `Transition`; the forwarder
settles it.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.database.core import Sessions
from backend.delivery import attempts, forecasts
from backend.delivery.attempts import INTERRUPTED, AttemptLog, Step
from backend.delivery.connector_profile import ConnectorProfile
from backend.delivery.customer_merges import Redirect, redirect_merged_customer
from backend.delivery.documents import ReceiptsOf, document_of
from backend.delivery.erp_lookup import active_documents, numbers_of
from backend.delivery.erp_response import RetryState, from_error, from_outcome
from backend.delivery.park_reasons import DUPLICATE_IN_ERP
from backend.delivery.queue.dependencies import RECHECK_AFTER, blocking_dependency
from backend.delivery.queue.lease import LeaseLost
from backend.delivery.transition import Transition
from backend.erp.call_metrics import measured, outcome_of
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ErpDocument, ForecastLine
from backend.failpoints import failpoint
from backend.inbox import submissions as inbox
from backend.inbox.state_change import MAX_RAW
from sync_protocol.amounts import amount_faults
from sync_protocol.catalogue import KINDS
from sync_protocol.sentence import followed, sentence

log = logging.getLogger(__name__)
T = TypeVar("T")

NOT_CALLED = "not asked"
"""Outcome of an attempt that was written down and whose call was not made."""
MAX_DUPLICATE_OK = 3
"""How often the ERP may say that it has a document which it cannot show; then the office looks."""
_INTERRUPTIONS = (LeaseLost, SQLAlchemyError)
"""Raised while receipts are read for a call: they say nothing about the ERP."""


class Transfer:
    """Brings the submission of one lease to a transition."""

    def __init__(
        self,
        attempt_log: AttemptLog,
        *,
        sessions: Sessions,
        connector: Connector,
        profile: ConnectorProfile,
        receipts_of: ReceiptsOf,
    ) -> None:
        self.attempts, self.lease, self.clock = attempt_log, attempt_log.lease, attempt_log.clock
        self.sessions, self.connector = sessions, connector
        self.profile, self.receipts_of = profile, receipts_of
        self.sent_at = self.lease.sent_at
        self.erp_document: ErpDocument | None = None
        self.redirect: Redirect | None = None

    def run(self) -> Transition:
        """Return what becomes of the submission; raises `LeaseLost` if another worker has it."""
        try:
            kind = KINDS.get(self.lease.kind)
            transition = self._upsert() if kind is not None and kind.aggregated else self._forward()
        except ErpError as error:
            transition = self._failed(error)
        return transition if self.redirect is None else self.redirect.annotate(transition)

    # Documents with a key of their own

    def _forward(self) -> Transition:
        document = self._document()
        self.erp_document = self._look_up(document)
        if self.erp_document is None:
            if (transition := self._may_not_create() or self._waits_for_dependency()) is not None:
                return transition
            self.erp_document = self._create(document)
        erp_document = self.erp_document
        self.sent_at = self.sent_at or self.clock.now()
        outcome = self._call(Step.ADVANCE, lambda: self.connector.advance(document, erp_document))
        transition = from_outcome(outcome, self.lease.kind, document.body, erp_document, self.sent_at)
        self.attempts.report(outcome.state.value, outcome.raw)
        failpoint("delivery.after_advance")
        return transition

    def _document(self) -> Document:
        """Return the document as it is sent; most need nothing but what was read with the lease."""
        row = self.lease.row
        document = document_of(row, self.lease.rep)
        customer = document.body.get("customer_id")
        if not row.needs and (not isinstance(customer, str) or customer == self.lease.current_customer):
            return document
        with self.sessions() as session, session.begin():
            try:
                document = replace(document, receipts=self.receipts_of(session, row))
            except ErpError as error:
                self.attempts.report(NOT_CALLED, error.message)
                raise
            self.redirect = redirect_merged_customer(session, document.body, row.rep)
            if self.redirect is not None:
                document = replace(document, body=self.redirect.body)
                actor, note = f"worker:{self.lease.worker}", self.redirect.office_note
                inbox.add_note(session, row, now=self.clock.now(), actor=actor, note=note)
        return document

    def _find(self, document: Document) -> ErpDocument | None:
        with self.sessions() as session, session.begin():
            self.attempts.open(session, Step.FIND)
        return self._look_up(document)

    def _look_up(self, document: Document) -> ErpDocument | None:
        hits = active_documents(
            self._ask(lambda: self.connector.find(document.kind, document.id)), self.lease.erp_id
        )
        failpoint("delivery.after_find")
        if len(hits) > 1:
            self.sent_at = self.sent_at or self.clock.now()
            raw = f"find({document.id}) returned {numbers_of(hits)}"
            raise ErpError(ErrorClass.DUPLICATE_BAD, DUPLICATE_IN_ERP, raw=raw)
        if not hits:
            self.attempts.report("none")
            return None
        self.attempts.report(f"found {hits[0].external_id}", hits[0].state)
        return hits[0]

    def _may_not_create(self) -> Transition | None:
        """Return the transition of a document that must not be created although the ERP does not show it."""
        if self.lease.erp_id is not None:
            return Transition.missing(
                f"find({self.lease.id}) is empty; the ERP had named it {self.lease.erp_id}", sent_at=None
            )
        return None if self.lease.kind in self.profile.enforces_key else self._wait_out_quiet_period()

    def _waits_for_dependency(self) -> Transition | None:
        """Return the transition of a document whose dependency has left the ERP since the lease, else None."""
        row = self.lease.row
        if not row.depends_on:
            return None
        with self.sessions() as session, session.begin():
            blocking = blocking_dependency(session, row)
        if blocking is None:
            return None
        # It is queued only if no earlier call may still be executed: what is queued can be withdrawn.
        due_at = self.clock.now() + RECHECK_AFTER
        return self._wait_out_quiet_period() or Transition.waits(self.lease, *blocking, due_at=due_at)

    def _wait_out_quiet_period(self) -> Transition | None:
        """Return the transition of a document whose earlier call may still be executed, else None."""
        if (sent_at := self._still_open()) is None:
            return None
        return Transition.quiet_period(
            sent_at=sent_at,
            due_at=sent_at + self.profile.quiet,
            tries=self.lease.tries,
            first_failed_at=self.lease.first_failed_at,
        )

    def _create(self, document: Document) -> ErpDocument:
        sent_before = self._still_open()
        try:
            _require_amounts(document)
            created = self._call(Step.CREATE, lambda: self.connector.create(document))
        except ErpError as error:
            if error.error_class is ErrorClass.DUPLICATE_OK:
                return self._adopt_existing(document, error)
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = sent_before
            raise
        self.attempts.report(f"created {created.external_id}", created.state)
        failpoint("delivery.after_create")
        return created

    def _adopt_existing(self, document: Document, error: ErpError) -> ErpDocument:
        """Look up what the ERP says it has already; *error* is its answer."""
        self.attempts.report(ErrorClass.DUPLICATE_OK.value, error.raw)
        existing = self._find(document)
        if existing is not None:
            return existing
        with self.sessions() as session, session.begin():
            count = attempts.count(session, self.lease.id, ErrorClass.DUPLICATE_OK.value)
        if count >= MAX_DUPLICATE_OK:
            raise ErpError(ErrorClass.REJECT_OFFICE, sentence("hidden_in_erp"), raw=error.raw)
        raise ErpError(ErrorClass.DUPLICATE_OK, error.message, raw=error.raw)

    # Forecasts

    def _upsert(self) -> Transition:
        transition = self._wait_out_quiet_period()
        if transition is not None:
            # An older sum may still be on its way and would overwrite the new one.
            return transition
        with self.sessions() as session, session.begin():
            lines, notes = forecasts.lines_of(session, attempts.lock_leased_row(session, self.lease))
        sent_before = self._still_open()
        try:
            confirmed = self._call(Step.UPSERT, lambda: self.connector.upsert_forecast(lines))
            _require_confirmed(lines, confirmed)
        except ErpError as error:
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = sent_before
            raise
        transition = Transition.lines_accepted(self.lease.kind, confirmed, sent_at=self.sent_at)
        if notes := [*notes, *forecasts.stored_otherwise(lines, confirmed)]:
            transition = replace(transition, reason=reduce(followed, notes))
        self.attempts.report(transition.state.value, f"{len(lines)} lines")
        failpoint("delivery.after_create")
        return transition

    # Calls and failures

    def _still_open(self) -> dt.datetime | None:
        """Return `sent_at` if an earlier call may still be executed, None once the quiet period has passed."""
        if self.sent_at is None or self.clock.now() >= self.sent_at + self.profile.quiet:
            return None
        return self.sent_at

    def _call(self, step: Step, ask: Callable[[], T]) -> T:
        """Write *step* down, commit, and make the call."""
        with self.sessions() as session, session.begin():
            opened_at = self.attempts.open(session, step)
        if step is not Step.FIND:
            self.sent_at = opened_at
        return self._ask(ask)

    def _ask(self, ask: Callable[[], T]) -> T:
        """Call the ERP and count the call; an error that no connector should raise becomes UNKNOWN."""
        failpoint("delivery.after_attempt")
        step = str(self.attempts.step)
        try:
            with measured(self.connector.name, step, count=metrics.count_call, outcome_of=_outcome_of):
                return ask()
        except (ErpError, *_INTERRUPTIONS):
            raise
        except Exception as error:
            log.exception("%s: %s failed in the connector", self.lease.id, step)
            raise ErpError(
                ErrorClass.UNKNOWN, "The ERP's answer was not understood.", raw=repr(error)[:MAX_RAW]
            ) from error

    def _failed(self, error: ErpError) -> Transition:
        if not self.attempts.has_result:
            self.attempts.report(error.error_class.value, error.raw)
        if self.attempts.step is Step.FIND and error.error_class is ErrorClass.UNKNOWN:
            # Looking changes nothing in the ERP, so a look without an answer says nothing about the document.
            error = ErpError(
                ErrorClass.TRANSIENT,
                error.message,
                raw=error.raw,
                retry_after=error.retry_after,
                no_answer=error.no_answer,
            )
        retry_state = RetryState(
            self.lease.tries, self.lease.first_failed_at, self.profile.backoff, self.profile.quiet
        )
        if error.error_class is ErrorClass.CONFIG:
            with self.sessions() as session, session.begin():
                config_errors = attempts.count(session, self.lease.id, ErrorClass.CONFIG.value)
            retry_state = replace(retry_state, config_errors=config_errors)
        guarded = self.attempts.step is Step.CREATE and self.lease.kind in self.profile.enforces_key
        return from_error(
            error,
            retry_state=retry_state,
            now=self.clock.now(),
            sent_at=self.sent_at,
            waits_quiet_period=not guarded,
            document=self.erp_document,
        )


def _require_amounts(document: Document) -> None:
    """Raise ErpError (REJECT_REP) if an amount has more decimals than its currency: the ERP would round it.

    A push refuses such a document; one that an earlier version has accepted may still be in the queue.
    """
    kind = KINDS.get(document.kind)
    for fault in amount_faults(kind.schema, document.body) if kind else ():
        raise ErpError(ErrorClass.REJECT_REP, fault.message, field=fault.field)


def _outcome_of(error: Exception) -> str:
    return INTERRUPTED if isinstance(error, _INTERRUPTIONS) else outcome_of(error)


def _require_confirmed(lines: list[ForecastLine], confirmed: dict[str, ErpDocument]) -> None:
    """Raise ErpError (UNKNOWN) if the ERP has not *confirmed* (by product) a line that has a quantity."""
    silent = [line.product_id for line in lines if line.quantity and line.product_id not in confirmed]
    if silent:
        raise ErpError(ErrorClass.UNKNOWN, f"The ERP did not confirm the forecast of {', '.join(silent)}")
