"""Scheduled reconciliation: look up the documents of the last days once a day, some each minute, newest first.

The newest documents are also looked up every quarter of an hour. If one of them is missing, a reconciliation
begins at once, so that a restored ERP backup is noticed before much more is sent.
"""

import datetime as dt
import logging
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.erp_lookup import look_up
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.data_loss import handle_missing, loss_start
from backend.delivery.reconciliation.reconcile import ask, with_own_document
from backend.delivery.reconciliation.report import MAX_LINES, SENT, MissingDocument, Report
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.inbox.models import Submission

log = logging.getLogger(__name__)

EVERY = dt.timedelta(days=1)
SLICE = 20
"""Documents looked up in one call of `run_slice`."""
NEWEST = 3
"""Documents that `check_newest` looks up."""
KEPT = dt.timedelta(days=90)
"""How long reports are kept."""


class ScheduledReconciliation:
    """The reconciliation of one connector. Several workers may run slices of it."""

    def __init__(self, sessions: Sessions, connector: Connector, clock: Clock, days: int) -> None:
        """*days*: documents settled in so many last days are looked up."""
        self.sessions, self.connector, self.clock = sessions, connector, clock
        self.window = dt.timedelta(days=days)

    def run_slice(self, kinds: Collection[str]) -> bool:
        """Look up the next documents, if a reconciliation is due or running; return whether one is.

        *kinds* are those that the connector forwards. Nothing is done while sending is stopped.
        """
        with self.sessions() as session, session.begin():
            if sending_hold.in_force(session) is not None:
                return False
            run = self._begin_if_due(session)
            if run is None:
                return False
            before = run.before_seq
            ids = self._next(session, run, kinds)
            id, complete = run.id, len(ids) < SLICE
        report = Report()
        for document in ids:
            ask(self.sessions, self.connector, document, report, clock=self.clock)
        if ids and report.unchecked == len(ids):
            # The ERP does not answer; the same documents are looked up in the next slice.
            self._step_back(id, before, ids)
            return True
        with self.sessions() as session, session.begin():
            missing = _add(session, id, report)
            backup_restored = loss_start(session, kinds, missing) is not None
        if complete or backup_restored:
            self._end(id, missing, kinds)
        return True

    def check_newest(self, kinds: Collection[str]) -> bool:
        """Look up the newest documents; if one is missing, begin a reconciliation and return True."""
        with self.sessions() as session, session.begin():
            if sending_hold.in_force(session) is not None or _open(session, self.connector.name) is not None:
                return False
            rows = session.execute(
                select(
                    Submission.kind,
                    Submission.id,
                    Submission.decision,
                    Submission.erp_number,
                    Submission.erp_id,
                )
                .where(Submission.kind.in_(with_own_document(kinds)), Submission.state.in_(SENT))
                .order_by(Submission.seq.desc())
                .limit(NEWEST)
            ).all()
        try:
            missing = [row.id for row in rows if not look_up(self.connector, *row)]
        except ErpError as error:
            log.info("the newest documents cannot be looked up: %s", error.message)
            return False
        if not missing:
            return False
        log.warning(
            "the ERP no longer shows %s; all documents of the last days are looked up", ", ".join(missing)
        )
        with self.sessions() as session, session.begin():
            if _open(session, self.connector.name) is None:
                self._begin(session)
        return True

    def _begin_if_due(self, session: Session) -> Reconciliation | None:
        """Return the current run, locked, or a new one if it is due, else None."""
        run = _open(session, self.connector.name, lock=True)
        if run is not None:
            return run
        last = session.scalar(
            select(Reconciliation.began_at)
            .where(Reconciliation.connector == self.connector.name)
            .order_by(Reconciliation.began_at.desc())
            .limit(1)
        )
        return self._begin(session) if last is None or self.clock.now() >= last + EVERY else None

    def _begin(self, session: Session) -> Reconciliation:
        now = self.clock.now()
        run = Reconciliation(
            connector=self.connector.name, cause="schedule", began_at=now, ended_at=None,
            since=now - self.window, before_seq=None, counts=Report().counts(), lines=[], missing_documents=[],
        )  # fmt: skip
        session.add(run)
        session.flush()
        return run

    def _next(self, session: Session, run: Reconciliation, kinds: Collection[str]) -> Sequence[str]:
        statement = select(Submission.seq, Submission.id).where(
            Submission.kind.in_(with_own_document(kinds)),
            Submission.state.in_(SENT),
            Submission.updated_at >= run.since,
        )
        if run.before_seq is not None:
            statement = statement.where(Submission.seq < run.before_seq)
        rows = session.execute(statement.order_by(Submission.seq.desc()).limit(SLICE)).all()
        if rows:
            # Stored before they are looked up, so that another worker takes the next ones.
            run.before_seq = rows[-1].seq
            session.flush()
        return [row.id for row in rows]

    def _step_back(self, id: int, before: int | None, ids: Sequence[str]) -> None:
        with self.sessions() as session, session.begin():
            run = session.get(Reconciliation, id, with_for_update=True, populate_existing=True)
            last = session.scalar(select(Submission.seq).where(Submission.id == ids[-1]))
            if run is not None and run.before_seq == last:
                run.before_seq = before

    def _end(self, id: int, missing: Sequence[MissingDocument], kinds: Collection[str]) -> None:
        handle_missing(
            self.sessions,
            self.connector,
            Report(missing_documents=list(missing)),
            clock=self.clock,
            kinds=kinds,
        )
        with self.sessions() as session, session.begin():
            run = session.get(Reconciliation, id, populate_existing=True)
            if run is not None and run.ended_at is None:
                run.ended_at, run.missing_documents = self.clock.now(), []
                log.info("reconciled with the ERP: %s", run.counts)
            old = Reconciliation.began_at < self.clock.now() - KEPT
            for expired in session.scalars(select(Reconciliation).where(old)):
                session.delete(expired)


def _open(session: Session, connector: str, *, lock: bool = False) -> Reconciliation | None:
    statement = select(Reconciliation).where(
        Reconciliation.connector == connector, Reconciliation.ended_at.is_(None)
    )
    if lock:
        statement = statement.with_for_update()
    return session.scalars(statement.order_by(Reconciliation.id).limit(1)).one_or_none()


def _add(session: Session, id: int, report: Report) -> list[MissingDocument]:
    """Add *report* to the run *id*; return all documents that are missing so far and still count as sent."""
    run = session.get(Reconciliation, id, with_for_update=True, populate_existing=True)
    if run is None:
        return []
    counts = report.counts()
    run.counts = {name: value + counts.get(name, 0) for name, value in run.counts.items()}
    run.lines = [*run.lines, *report.lines][:MAX_LINES]
    run.missing_documents = [*run.missing_documents, *(document.id for document in report.missing_documents)]
    session.flush()
    rows = session.execute(
        select(Submission.id, Submission.last_sent_at).where(
            Submission.id.in_(run.missing_documents), Submission.state.in_(SENT)
        )
    )
    return [MissingDocument(row.id, row.last_sent_at) for row in rows]
