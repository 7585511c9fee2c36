"""Returned documents: ask the ERP about each document that is checked after a loss, then let the rules decide.

What the ERP has is settled by its answer. What it certainly does not have is decided about by the same rules as
when it is pushed. Documents that replace, withdraw or ask to change each other are decided about together.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.connector_profile import ConnectorProfile
from backend.delivery.erp_lookup import ErpAnswer, active_documents, ask_erp
from backend.delivery.reconciliation.found import found_transition, supersede_originals
from backend.delivery.reconciliation.waiting import (
    RETRY_AFTER,
    awaited_phones,
    park_unsent,
    wait_ends,
    wait_for_original,
    wait_for_phones,
)
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.failpoints import FailpointRaised
from backend.inbox import restored
from backend.inbox.models import Submission
from backend.inbox.restored import DataLoss
from backend.inbox.settle import mark_sent, settle
from backend.inbox.state_change import PHONE_MISSING
from backend.inbox.submissions import get
from backend.inbox.supersession import lock_rep
from sync_protocol.catalogue import KINDS
from sync_protocol.submission import State

log = logging.getLogger(__name__)

Decide = Callable[[Session, Collection[Submission], dt.datetime], None]
"""Applies the rules to documents of one rep that the ERP does not have; their rows are locked."""

MAX_CHECKED = 50
"""Documents looked up in one round."""


@dataclass
class ReturnedDocuments:
    """The checks of one connector. Several workers may do them."""

    sessions: Sessions
    connector: Connector
    clock: Clock
    decide: Decide
    wait: dt.timedelta
    """How long a document waits for what has not come back; then the office looks."""

    def check(self, profile: ConnectorProfile) -> int:
        """Check the next documents; return how many were settled or decided about.

        Nothing is decided while sending is on hold: an operator runs `reconcile` first.
        """
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            loss = restored.newest_loss(session, now)
            stopped = breaker.is_open(session, self.connector.name) or sending_hold.in_force(session)
            if loss is None or stopped:
                return 0
            ids = restored.checked_ids(session, loss, now, MAX_CHECKED)
        done, visited = 0, set[str]()
        for id in ids:
            if id not in visited:
                try:
                    done += self._check(id, loss, profile, visited)
                except (SQLAlchemyError, FailpointRaised):
                    raise
                except Exception as error:
                    # Whatever is wrong with this one, the others must not wait for it.
                    level = logging.WARNING if isinstance(error, ErpError) else logging.ERROR
                    log.log(level, "%s cannot be checked with the ERP: %r", id, error)
                    self._postpone(id)
        return done

    def _check(self, id: str, loss: DataLoss, profile: ConnectorProfile, visited: set[str]) -> int:
        """Check the document *id* and those that must be decided about together with it."""
        with self.sessions() as session, session.begin():
            row = get(session, id)
            line = restored.line_of(session, row) if row is not None else []
            checked = {member.id: member.kind for member in line if restored.is_checked(member, loss)}
        visited |= checked.keys()
        asked_at = self.clock.now()
        answers = {
            id: ask_erp(self.connector, kind, id)
            for id, kind in checked.items()
            if kind in profile.kinds and KINDS[kind].has_own_document
        }
        with self.sessions() as session, session.begin():
            return self._settle(session, id, loss, profile, checked, answers, asked_at)

    def _settle(
        self,
        session: Session,
        id: str,
        loss: DataLoss,
        profile: ConnectorProfile,
        checked: Collection[str],
        answers: dict[str, ErpAnswer],
        asked_at: dt.datetime,
    ) -> int:
        first = get(session, id)
        if first is None:
            return 0
        lock_rep(session, first.rep)
        line = [
            row for m in restored.line_of(session, first) if (row := get(session, m.id, lock=True)) is not None
        ]
        rows = [row for row in line if restored.is_checked(row, loss)]
        if {row.id for row in rows} != set(checked):
            return 0  # one has arrived, or another worker has settled one: next time
        now = self.clock.now()
        absent = []
        for row in rows:
            answer = answers.get(row.id)
            if answer is not None and not answer.is_empty:
                if row.state == State.PARKED and len(active_documents(answer.hits)) > 1:
                    # It waits for the office already, which asks the ERP itself.
                    mark_sent(session, Submission.id == row.id, now)
                    continue
                transition = found_transition(session, row, answer, now)
                settle(session, row, transition, connector=self.connector.name, actor="erp", now=now)
            else:
                absent.append(row)
        if any(self._may_still_be_created(row, profile, asked_at) for row in absent):
            for row in absent:
                row.due_at = now + RETRY_AFTER
            return len(rows) - len(absent)
        if absent:
            self._decide_or_wait(session, line, absent, loss, now)
        for row in line:
            supersede_originals(session, row, now)
        return sum(not restored.is_checked(row, loss) for row in rows)

    def _decide_or_wait(
        self,
        session: Session,
        line: Collection[Submission],
        absent: Collection[Submission],
        loss: DataLoss,
        now: dt.datetime,
    ) -> None:
        """Let the rules decide about *absent*, those of *line* that the ERP does not have, or let them wait."""
        ends = wait_ends(absent, loss, self.wait)
        missing = _missing_original(session, line)
        if missing is not None:
            for row in absent:
                wait_for_original(session, row, missing, ends, now)
            return
        phones = awaited_phones(session, line, loss, now)
        if phones and (now < ends or all(row.error_class == PHONE_MISSING for row in absent)):
            for row in absent:
                wait_for_phones(session, row, phones, now)
            return
        self.decide(session, absent, now)
        if phones:
            park_unsent(session, absent, phones, loss, now)

    def _may_still_be_created(self, row: Submission, profile: ConnectorProfile, asked_at: dt.datetime) -> bool:
        """Say whether a call from before the loss may be executed after the ERP was asked at *asked_at*."""
        return row.last_sent_at is not None and asked_at < row.last_sent_at + profile.quiet

    def _postpone(self, id: str) -> None:
        with self.sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is not None:
                row.due_at = self.clock.now() + RETRY_AFTER


def _missing_original(session: Session, line: Collection[Submission]) -> str | None:
    """Return a document that one of *line* is about and that has not come back, or None."""
    ids = {row.id for row in line}
    cited = {id for row in line if (id := restored.cited_id(row)) is not None} - ids
    return next((id for id in sorted(cited) if get(session, id) is None), None)
