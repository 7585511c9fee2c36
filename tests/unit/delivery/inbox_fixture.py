"""Captures documents straight into the inbox, and asks how they stand."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from ulid import ULID

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import breaker
from backend.delivery.connector_profile import build_profile
from backend.delivery.documents import receipts_in
from backend.delivery.forwarder import Forwarder
from backend.delivery.models import Breaker
from backend.delivery.reconciliation.returned import ReturnedDocuments
from backend.feed.changes import MAX_CHANGES, live, publish
from backend.identity.models import Rep
from backend.inbox import submissions
from backend.inbox.models import Attempt, Binding, Submission
from backend.inbox.records import as_record
from backend.retry import Backoff
from backend.settings import Settings
from backend.sync.returning import decide
from sync_protocol.canonical import canonical, digest
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.submission import State
from tests.unit.delivery.recording_erp import RecordingErp

BACKOFF = Backoff(5.0, 900.0, random=lambda: 1.0)
"""Whose waits are always the longest."""

ORDER: dict[str, Any] = {
    "customer_id": "C1",
    "order_date": "2026-11-23",
    "currency": "EUR",
    "lines": [{"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "pc", "unit_price": "9.50"}],
}


@dataclass
class InboxFixture:
    """One inbox with one ERP behind it."""

    sessions: Sessions
    clock: Clock
    settings: Settings
    erp: RecordingErp

    def capture(
        self,
        body: dict[str, Any] | None = None,
        *,
        kind: str = "order",
        rep: str = "R1",
        customer: str | None = None,
        depends_on: Sequence[str] = (),
        state: State = State.QUEUED,
        order_key: str | None = None,
        needs: Sequence[str] = (),
    ) -> str:
        """Put a document into the inbox, as a push does; return its id."""
        body = dict(body or ORDER)
        if customer:
            body["customer_id"] = customer
        row = self._row(kind, body, rep)
        row.depends_on, row.needs, row.state = list(depends_on), list(needs), state.value
        row.order_key = order_key or row.order_key
        self._store(rep, [row])
        return row.id

    def capture_many(self, customers: Iterable[str], rep: str = "R1") -> list[str]:
        """Put an order for each of *customers* into the inbox; return their ids."""
        rows = [self._row("order", {**ORDER, "customer_id": customer}, rep) for customer in customers]
        for some in range(0, len(rows), MAX_CHANGES):
            self._store(rep, rows[some : some + MAX_CHANGES])
        return [row.id for row in rows]

    def _row(self, kind: str, body: dict[str, Any], rep: str) -> Submission:
        now = self.clock.now()
        return Submission(
            id=str(ULID()),
            kind=kind,
            rep=rep,
            device="D1",
            captured_at="2026-11-23T08:00:00Z",
            zone="UTC",
            schema=1,
            body=canonical(body).decode(),
            envelope={},
            sha256=digest(body),
            needs=[],
            depends_on=[],
            received_at=now,
            updated_at=now,
            state=State.QUEUED.value,
            status="received",
            errors=[],
            order_key=KINDS[kind].order_key(body, rep) if kind in KINDS else "none",
            fence=0,
            due_at=now,
            tries=0,
            unfinished_leases=0,
        )

    def _store(self, rep: str, rows: Sequence[Submission]) -> None:
        with self.sessions() as session, session.begin():
            if session.get(Rep, rep) is None:
                session.add(Rep(id=rep, name=f"Rep {rep}", role="sales", active=True))
            session.add_all(rows)
            session.flush()
            publish(session, [Put("submissions", row.id, as_record(row)) for row in rows])

    def forwarder(self, worker: str = "w1", erp: RecordingErp | None = None) -> Forwarder:
        """Return a forwarder whose retries always wait the whole ceiling."""
        return Forwarder(
            self.sessions,
            erp or self.erp,
            clock=self.clock,
            settings=self.settings,
            worker=worker,
            receipts_of=receipts_in(self.settings.folder),
            backoff=BACKOFF,
        )

    def forward_one(self, worker: str = "w1") -> int:
        """Forward one document and no more; return how many were."""
        stops = iter((False, True, True))
        return self.forwarder(worker).drain(stop=lambda: next(stops))

    def probe(self) -> bool:
        """Ask the connector's `check()`, as a worker's maintenance does; return whether sending continues."""
        return breaker.probe(self.sessions, self.erp, clock=self.clock, backoff=BACKOFF)

    def breaker(self) -> Breaker:
        """The connector's breaker as it stands on disk."""
        with self.sessions() as session:
            breaker = session.get(Breaker, self.erp.name)
            assert breaker is not None
            session.expunge(breaker)
            return breaker

    def row(self, id: str) -> Submission:
        """The submission as it stands on disk."""
        with self.sessions() as session:
            row = session.scalars(select(Submission).where(Submission.id == id)).one()
            session.expunge(row)
            return row

    def states(self, *ids: str) -> list[str]:
        """The states of *ids*."""
        return [self.row(id).state for id in ids]

    def record(self, id: str) -> dict[str, Any]:
        """What the phones are told."""
        with self.sessions() as session:
            record = live(session, "submissions", id)
        assert record is not None
        return record

    def change(self, id: str, **values: Any) -> None:
        """Set columns of a submission."""
        with self.sessions() as session, session.begin():
            row = session.scalars(select(Submission).where(Submission.id == id)).one()
            for name, value in values.items():
                setattr(row, name, value)

    def attempts(self, id: str) -> list[tuple[str, str | None]]:
        """(step, outcome) of the submission's attempts, in order."""
        with self.sessions() as session:
            rows = session.scalars(select(Attempt).where(Attempt.submission_id == id).order_by(Attempt.id))
            return [(row.step, row.outcome) for row in rows]

    def bindings(self, id: str) -> list[tuple[str, str]]:
        """(entity, the ERP's id) of what the submission is bound to."""
        with self.sessions() as session:
            rows = session.scalars(select(Binding).where(Binding.local_id == id).order_by(Binding.entity))
            return [(row.entity, row.external_id) for row in rows]

    def history(self, id: str) -> list[str]:
        """The states the submission has been through."""
        with self.sessions() as session:
            return [entry.state for entry in submissions.history(session, id)]

    def notes(self, id: str) -> list[str | None]:
        """The notes in the submission's history."""
        with self.sessions() as session:
            return [entry.note for entry in submissions.history(session, id)]

    def publish(self, collection: str, *records: dict[str, Any]) -> None:
        """Put *records* into the feed."""
        with self.sessions() as session, session.begin():
            publish(session, [Put(collection, json.loads(json.dumps(r))["id"], r) for r in records])

    def check_returned(self) -> int:
        """Let a worker check with the ERP what came back after a loss of data."""
        profile = build_profile(self.erp.capabilities(), self.settings, BACKOFF)
        return ReturnedDocuments(self.sessions, self.erp, self.clock, decide, dt.timedelta(days=1)).check(
            profile
        )

    def later(self, **delta: float) -> dt.datetime:
        """Let time pass."""
        self.clock.advance(**delta)
        return self.clock.now()
