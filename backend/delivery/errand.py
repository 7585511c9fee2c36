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
from backend.db import Sessions
from backend.delivery import attempts, forecasts
from backend.delivery.attempts import Step
from backend.delivery.documents import ReceiptsOf, document_of
from backend.delivery.fates import MOST_RAW, Bound, Fate, Past, of_error, of_outcome
from backend.delivery.lease import Claim, LostClaim
from backend.delivery.merges import Repointed, repointed
from backend.delivery.shown import counted
from backend.delivery.terms import Terms
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ForecastLine, Found
from backend.failpoints import failpoint
from backend.inbox import submissions as inbox
from sync_protocol.catalogue import KINDS
from sync_protocol.submission import State

log = logging.getLogger(__name__)
T = TypeVar("T")

INTERRUPTED = "interrupted"
NOT_ASKED = "not asked"
MOST_DUPLICATE_OK = 3
"""So often the ERP may say that it has a document which it cannot show; then a person looks."""


class Errand:
    """Runs one claim to its fate."""

    def __init__(
        self,
        claim: Claim,
        *,
        sessions: Sessions,
        connector: Connector,
        clock: Clock,
        terms: Terms,
        receipts_of: ReceiptsOf,
    ) -> None:
        self.claim, self.sessions, self.connector = claim, sessions, connector
        self.clock, self.terms, self.receipts_of = clock, terms, receipts_of
        self.sent_at = claim.sent_at
        self.found: Found | None = None
        self.repointed: Repointed | None = None
        self.step = Step.FIND
        self.attempt = claim.attempt
        self.ended: tuple[str, str | None] = (INTERRUPTED, None)

    def run(self) -> Fate:
        """Return what becomes of the submission; raises `LostClaim` if it is somebody else's by now."""
        try:
            kind = KINDS.get(self.claim.kind)
            fate = self._upsert() if kind is not None and kind.aggregated else self._forward()
        except ErpError as error:
            fate = self._failed(error)
        return fate if self.repointed is None else self.repointed.fate(fate)

    # Documents with a key of their own

    def _forward(self) -> Fate:
        document = self._document()
        self.found = self._looked_up(document)
        if self.found is None:
            vanished = self._vanished_or_too_early()
            if vanished is not None:
                return vanished
            self.found = self._create(document)
        found = self.found
        self.sent_at = self.sent_at or self.clock.now()
        outcome = self._call(Step.ADVANCE, lambda: self.connector.advance(document, found))
        fate = of_outcome(outcome, self.claim.kind, found, self.sent_at)
        self.ended = (outcome.state.value, outcome.raw)
        failpoint("delivery.after_advance")
        return fate

    def _document(self) -> Document:
        """Return the document as it is sent. That the ERP is asked for it was written down with the claim."""
        with self.sessions() as session, session.begin():
            row = self.claim.row
            try:
                document = document_of(session, row, self.receipts_of)
            except ErpError as error:
                self.ended = (NOT_ASKED, error.message)
                raise
            self.repointed = repointed(session, document.body, row.rep)
            if self.repointed is not None:
                document = replace(document, body=self.repointed.body)
                actor = f"worker:{self.claim.worker}"
                inbox.note(session, row, now=self.clock.now(), actor=actor, note=self.repointed.told)
        return document

    def _find(self, document: Document) -> Found | None:
        with self.sessions() as session, session.begin():
            self._begin(session, Step.FIND)
        return self._looked_up(document)

    def _looked_up(self, document: Document) -> Found | None:
        hits = counted(self._ask(lambda: self.connector.find(document.kind, document.id)), self.claim.erp_id)
        failpoint("delivery.after_find")
        if len(hits) > 1:
            self.sent_at = self.sent_at or self.clock.now()
            numbers = ", ".join(hit.number or hit.external_id for hit in hits)
            raise ErpError(
                ErrorClass.DUPLICATE_BAD,
                "The ERP has this document more than once; the office must keep one of them",
                raw=f"find({document.id}) returned {numbers}",
            )
        self.ended = (f"found {hits[0].external_id}", hits[0].state) if hits else ("none", None)
        return hits[0] if hits else None

    def _vanished_or_too_early(self) -> Fate | None:
        """Return the fate of a document that must not be created now although the ERP does not show it."""
        if self.claim.erp_id is not None:
            # The office decides; whoever sends it again then gets a new document.
            return Fate(
                state=State.PARKED,
                sent_at=None,
                reason="The ERP had it and does not have it any more; the office must look",
                raw=f"find({self.claim.id}) is empty; the ERP had named it {self.claim.erp_id}",
                error_class=ErrorClass.REJECT_OFFICE,
                owner="office",
                forgets=True,
            )
        return None if self.claim.kind in self.terms.enforces_key else self._rest()

    def _rest(self) -> Fate | None:
        """Return the fate of what must rest because an earlier call may yet be executed, or None."""
        open_since = self._still_open()
        if open_since is None:
            return None
        return Fate(
            state=State.UNKNOWN,
            sent_at=open_since,
            reason="It was sent, but the answer did not come back; the ERP will be asked",
            error_class=ErrorClass.UNKNOWN,
            due_at=open_since + self.terms.quiet,
            tries=self.claim.tries,
            first_failed_at=self.claim.first_failed_at,
        )

    def _create(self, document: Document) -> Found:
        before = self._still_open()
        try:
            created = self._call(Step.CREATE, lambda: self.connector.create(document))
        except ErpError as error:
            if error.error_class is ErrorClass.DUPLICATE_OK:
                return self._taken(document, error)
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = before
            raise
        self.ended = (f"created {created.external_id}", created.state)
        failpoint("delivery.after_create")
        return created

    def _taken(self, document: Document, said: ErpError) -> Found:
        """Look up what the ERP says it has already."""
        self.ended = (ErrorClass.DUPLICATE_OK.value, said.raw)
        found = self._find(document)
        if found is not None:
            return found
        with self.sessions() as session, session.begin():
            often = attempts.count(session, self.claim.id, ErrorClass.DUPLICATE_OK.value)
        if often >= MOST_DUPLICATE_OK:
            raise ErpError(
                ErrorClass.REJECT_OFFICE,
                "The ERP says it has this document, but does not show it; the office must look",
                raw=said.raw,
            )
        raise ErpError(ErrorClass.DUPLICATE_OK, said.message, raw=said.raw)

    # Forecasts

    def _upsert(self) -> Fate:
        resting = self._rest()
        if resting is not None:
            # An older sum may still be on its way and would overwrite the new one.
            return resting
        with self.sessions() as session, session.begin():
            lines = forecasts.lines_of(session, attempts.held(session, self.claim))
        before = self._still_open()
        try:
            found = self._call(Step.UPSERT, lambda: self.connector.upsert_forecast(lines))
            fate = self._upserted(lines, found)
        except ErpError as error:
            if error.error_class is not ErrorClass.UNKNOWN:
                self.sent_at = before
            raise
        self.ended = (fate.state.value, f"{len(lines)} lines")
        failpoint("delivery.after_create")
        return fate

    def _upserted(self, lines: list[ForecastLine], found: dict[str, Found]) -> Fate:
        silent = [line.product_id for line in lines if line.quantity and line.product_id not in found]
        if silent:
            raise ErpError(ErrorClass.UNKNOWN, f"The ERP did not confirm the forecast of {', '.join(silent)}")
        numbers = {line.number for line in found.values()}
        return Fate(
            state=State.ACCEPTED,
            sent_at=self.sent_at,
            erp_number=numbers.pop() if len(numbers) == 1 else None,
            bindings=tuple(
                Bound(f"{self.claim.kind}:{product}", line.external_id, line.number, aggregated=True)
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
        self.step, self.attempt, self.ended = step, attempt, (INTERRUPTED, None)
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
        except (LostClaim, SQLAlchemyError):
            outcome = INTERRUPTED
            raise
        except Exception as error:
            outcome = ErrorClass.UNKNOWN.value
            log.exception("%s: %s failed in the connector", self.claim.id, self.step)
            raise ErpError(
                ErrorClass.UNKNOWN,
                "The ERP's answer was not understood; it will be asked",
                raw=repr(error)[:MOST_RAW],
            ) from error
        finally:
            metrics.count_call(self.connector.name, self.step.value, outcome, time.perf_counter() - began)

    def finish(self, session: Session, now: dt.datetime) -> None:
        """Write down how the last call ended, if there was one."""
        if self.attempt is not None:
            attempts.finish(session, self.attempt, *self.ended, now)

    def _failed(self, error: ErpError) -> Fate:
        if self.attempt is not None and self.ended[0] == INTERRUPTED:
            self.ended = (error.error_class.value, error.raw)
        if self.step is Step.FIND and error.error_class is ErrorClass.UNKNOWN:
            # Looking changes nothing: what is not known about a look is not known about the document.
            error = ErpError(
                ErrorClass.TRANSIENT,
                error.message,
                raw=error.raw,
                retry_after=error.retry_after,
                no_answer=error.no_answer,
            )
        past = Past(self.claim.tries, self.claim.first_failed_at, self.terms.backoff, self.terms.quiet)
        if error.error_class is ErrorClass.CONFIG:
            with self.sessions() as session, session.begin():
                past = replace(past, config_errors=attempts.count(session, self.claim.id, "config"))
        guarded = self.step is Step.CREATE and self.claim.kind in self.terms.enforces_key
        return of_error(
            error, past=past, now=self.clock.now(), sent_at=self.sent_at, rests=not guarded, found=self.found
        )
