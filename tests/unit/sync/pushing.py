"""Push documents, and read what became of them."""

from typing import Any

from sqlalchemy import select

from backend.database.core import Sessions, is_postgresql
from backend.inbox.models import Submission
from backend.inbox.restored import newest_loss
from backend.sync import push, push_reads
from tests.unit.sync.replica import NOW

A = "01KB0000000000000000000001"


B = "01KB0000000000000000000002"


C = "01KB0000000000000000000003"


def send(sessions: Sessions, *documents: Any, rep: str = "R1", device: str = "D1") -> list[dict[str, Any]]:
    """Push *documents* as `/v1/push` does: on PostgreSQL they are stored when the transaction commits."""
    with sessions() as session, session.begin():
        loss = newest_loss(session, NOW)
        parsed = push.parsed(list(documents))
        return push.store(
            session,
            rep_id=rep,
            device_id=device,
            documents=parsed,
            reads=push_reads.read(session, rep, parsed, NOW),
            loss=loss,
            now=NOW,
            at_commit=is_postgresql(session),
        )


def faults(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], error["field"]) for error in result["errors"]]


def stored(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        return {s.id: s.state for s in session.scalars(select(Submission))}
