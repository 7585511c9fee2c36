"""One claimed submission's way into the ERP: find, create, advance; or the upsert of a forecast.

Each call is written down and committed before it is made. The errand ends in a `Fate`; it does not
settle it.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import attempts, forecasts
from backend.delivery.attempts import Step
from backend.delivery.connector_profile import ConnectorProfile
from backend.delivery.customer_merges import Redirect, redirect_merged_customer
from backend.delivery.documents import ReceiptsOf, document_of
from backend.delivery.erp_lookup import active_documents
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.transition import MAX_RAW, ErpBinding, RetryState, Transition, from_error, from_outcome
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ErpDocument, ForecastLine
from backend.failpoints import failpoint
from backend.inbox import submissions as inbox
from sync_protocol.catalogue import KINDS
from sync_protocol.submission import State

log = logging.getLogger(__name__)
T = TypeVar("T")

INTERRUPTED = "interrupted"
NOT_ASKED = "not asked"
MAX_DUPLICATE_OK = 3
"""So often the ERP may say that it has a document which it cannot show; then a person looks."""


class Transfer:
    """Runs one claim to its fate."""

    def __init__(
        self,
        claim: Lease,
        *,
        sessions: Sessions,
        connector: Connector,
        clock: Clock,
        terms: ConnectorProfile,
        receipts_of: ReceiptsOf,
    ) -> None:
        self.claim, self.sessions, self.connector = claim, sessions, connector
        self.clock, self.terms, self.receipts_of = clock, terms, receipts_of
        self.sent_at = claim.sent_at
        self.found: ErpDocument | None = None
        self.redirect: Redirect | None = None
        self.step = Step.FIND
        self.attempt = claim.attempt
        self.last_result: tuple[str, str | None] = (INTERRUPTED, None)

    def run(self) -> Transition:
        """Return what becomes of the submission; raises `LostClaim` if it is somebody else's by now."""
        try:
            kind = KINDS.get(self.claim.kind)
            fate = self._upsert() if kind is not None and kind.aggregated else self._forward()
        except ErpError as error:
            fate = self._failed(error)
        return fate if self.redirect is None else self.redirect.annotate(fate)

    # Documents with a key of their own

    def _forward(self) -> Transition:
        document = self._document()
        self.found = self._look_up(document)
        if self.found is None:
            vanished = self._may_not_create()
            if vanished is not None:
                return vanished
            self.found = self._create(document)
        found = self.found
        self.sent_at = self.sent_at or self.clock.now()
        outcome = self._call(Step.ADVANCE, lambda: self.connector.advance(document, found))
        fate = from_outcome(outcome, self.claim.kind, found, self.sent_at)
        self.last_result = (outcome.state.value, outcome.raw)
        failpoint("delivery.after_advance")
        return fate

    def _document(self) -> Document:
        """Return the document as it is sent. That the ERP is asked for it was written down with the claim."""
        with self.sessions() as session, session.begin():
            row = self.claim.row
            try:
                document = document_of(session, row, self.receipts_of)
            except ErpError as error:
                self.last_result = (NOT_ASKED, error.message)
                raise
            self.redirect = redirect_merged_customer(session, document.body, row.rep)
            if self.redirect is not None:
                document = replace(document, body=self.redirect.body)
                actor = f"worker:{self.claim.worker}"
                inbox.add_note(session, row, now=self.clock.now(), actor=actor, note=self.redirect.office_note)
        return document

    def _find(self, document: Document) -> ErpDocument | None:
        with self.sessions() as session, session.begin():
            self._begin(session, Step.FIND)
        return self._look_up(document)

    def _look_up(self, document: Document) -> ErpDocument | None:
        hits = active_documents(
            self._ask(lambda: self.connector.find(document.kind, document.id)), self.claim.erp_id
        )
        failpoint("delivery.after_find")
        if len(hits) > 1:
            self.sent_at = self.sent_at or self.clock.now()
            numbers = ", ".join(hit.number or hit.external_id for hit in hits)
            raise ErpError(
                ErrorClass.DUPLICATE_BAD,
                "The ERP has this document more than once; the office must keep one of them",
                raw=f"find({document.id}) returned {numbers}",
            )
        self.last_result = (f"found {hits[0].external_id}", hits[0].state) if hits else ("none", None)
        return hits[0] if hits else None

    def _may_not_create(self) -> Transition | None:
        """Return the fate of a document that must not be created now although the ERP does not show it."""
        if self.claim.erp_id is not None:
            # The office decides; whoever sends it again then gets a new document.
            return Transition(
                state=State.PARKED,
                sent_at=None,
                reason="The ERP had it and does not have it any more; the office must look",
                raw=f"find({self.claim.id}) is empty; the ERP had named it {self.claim.erp_id}",
                error_class=ErrorClass.REJECT_OFFICE,
                owner="office",
                clear_erp_id=True,
            )
        return None if self.claim.kind in self.terms.enforces_key else self._wait_out_quiet_period()

    def _wait_out_quiet_period(self) -> Transition | None:
        """Return the fate of what must rest because an earlier call may yet be executed, or None."""
        open_since = self._still_open()
        if open_since is None:
            return None
        return Transition(
            state=State.UNKNOWN,
            sent_at=open_since,
            reason="It was sent, but the answer did not come back; the ERP will be asked",
            error_class=ErrorClass.UNKNOWN,
            due_at=open_since + self.terms.quiet,
            tries=self.claim.tries,
            first_failed_at=self.claim.first_failed_at,
        )

    def _create(self, document: Document) -> ErpDocument:
        before = self._still_open()
        try:
            created = self._call(Step.CREATE, lambda: self.connector.create(document))
        except ErpError as error:
            if error.error_class is ErrorClass.DUPLICATE_OK:
                return self._adopt_existing(document, error)
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = before
            raise
        self.last_result = (f"created {created.external_id}", created.state)
        failpoint("delivery.after_create")
        return created

    def _adopt_existing(self, document: Document, said: ErpError) -> ErpDocument:
        """Look up what the ERP says it has already."""
        self.last_result = (ErrorClass.DUPLICATE_OK.value, said.raw)
        found = self._find(document)
        if found is not None:
            return found
        with self.sessions() as session, session.begin():
            often = attempts.count(session, self.claim.id, ErrorClass.DUPLICATE_OK.value)
        if often >= MAX_DUPLICATE_OK:
            raise ErpError(
                ErrorClass.REJECT_OFFICE,
                "The ERP says it has this document, but does not show it; the office must look",
                raw=said.raw,
            )
        raise ErpError(ErrorClass.DUPLICATE_OK, said.message, raw=said.raw)

    # Forecasts

    def _upsert(self) -> Transition:
        resting = self._wait_out_quiet_period()
        if resting is not None:
            # An older sum may still be on its way and would overwrite the new one.
            return resting
        with self.sessions() as session, session.begin():
            lines = forecasts.lines_of(session, attempts.lock_leased_row(session, self.claim))
        before = self._still_open()
        try:
            found = self._call(Step.UPSERT, lambda: self.connector.upsert_forecast(lines))
            fate = self._upserted(lines, found)
        except ErpError as error:
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = before
            raise
        self.last_result = (fate.state.value, f"{len(lines)} lines")
        failpoint("delivery.after_create")
        return fate

    def _upserted(self, lines: list[ForecastLine], found: dict[str, ErpDocument]) -> Transition:
        silent = [line.product_id for line in lines if line.quantity and line.product_id not in found]
        if silent:
            raise ErpError(ErrorClass.UNKNOWN, f"The ERP did not confirm the forecast of {', '.join(silent)}")
        numbers = {line.number for line in found.values()}
        return Transition(
            state=State.ACCEPTED,
            sent_at=self.sent_at,
            erp_number=numbers.pop() if len(numbers) == 1 else None,
            bindings=tuple(
                ErpBinding(f"{self.claim.kind}:{product}", line.external_id, line.number, aggregated=True)
                for product, line in sorted(found.items())
            ),
        )

    # Calling, and what goes wrong

    def _still_open(self) -> dt.datetime | None:
        """Return `sent_at` if an earlier call may yet be executed, None if it has had time enough."""
        if self.sent_at is None or self.clock.now() >= self.sent_at + self.terms.quiet:
            return None
        return self.sent_at

    def _call(self, step: Step, ask: Callable[[], T]) -> T:
        with self.sessions() as session, session.begin():
            self._begin(session, step)
        return self._ask(ask)

    def _begin(self, session: Session, step: Step) -> None:
        """Write down that *step* is asked next; it is asked once that is committed."""
        now = self.clock.now()
        self.finish(session, now)
        attempt = attempts.begin(session, self.claim, step, self.connector.name, now)
        self.step, self.attempt, self.last_result = step, attempt, (INTERRUPTED, None)
        if step is not Step.FIND:
            self.sent_at = now

    def _ask(self, ask: Callable[[], T]) -> T:
        failpoint("delivery.after_attempt")
        began, outcome = time.perf_counter(), "answered"
        try:
            return ask()
        except ErpError as error:
            outcome = error.error_class.value
            raise
        except (LeaseLost, SQLAlchemyError):
            outcome = INTERRUPTED
            raise
        except Exception as error:
            outcome = ErrorClass.UNKNOWN.value
            log.exception("%s: %s failed in the connector", self.claim.id, self.step)
            raise ErpError(
                ErrorClass.UNKNOWN,
                "The ERP's answer was not understood; it will be asked",
                raw=repr(error)[:MAX_RAW],
            ) from error
        finally:
            metrics.count_call(self.connector.name, self.step.value, outcome, time.perf_counter() - began)

    def finish(self, session: Session, now: dt.datetime) -> None:
        """Write down how the last call ended, if there was one."""
        if self.attempt is not None:
            attempts.finish(session, self.attempt, *self.last_result, now)

    def _failed(self, error: ErpError) -> Transition:
        if self.attempt is not None and self.last_result[0] == INTERRUPTED:
            self.last_result = (error.error_class.value, error.raw)
        if self.step is Step.FIND and error.error_class is ErrorClass.UNKNOWN:
            # Looking changes nothing: what is not known about a look is not known about the document.
            error = ErpError(
                ErrorClass.TRANSIENT,
                error.message,
                raw=error.raw,
                retry_after=error.retry_after,
                no_answer=error.no_answer,
            )
        past = RetryState(self.claim.tries, self.claim.first_failed_at, self.terms.backoff, self.terms.quiet)
        if error.error_class is ErrorClass.CONFIG:
            with self.sessions() as session, session.begin():
                past = replace(past, config_errors=attempts.count(session, self.claim.id, "config"))
        guarded = self.step is Step.CREATE and self.claim.kind in self.terms.enforces_key
        return from_error(
            error,
            retry_state=past,
            now=self.clock.now(),
            sent_at=self.sent_at,
            waits_quiet_period=not guarded,
            found=self.found,
        )
