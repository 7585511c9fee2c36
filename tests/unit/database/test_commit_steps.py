"""What a transaction queues is written at its end, step by step in one order, whoever queued first."""

from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database import commit_steps
from backend.database.commit_steps import Step
from backend.database.core import Sessions
from backend.feed import publication
from backend.identity import audit
from tests.unit.sync.company import unit


def test_the_feeds_step_comes_before_the_audit_trails(
    sessions: Sessions, clock: ManualClock, monkeypatch
) -> None:
    order: list[Step] = []
    for step, queue in commit_steps._steps.items():

        def write(session: Session, entries: object, step: Step = step, write: object = queue.write) -> None:
            order.append(step)
            write(session, entries)  # type: ignore[operator]

        monkeypatch.setattr(queue, "write", write)
    with sessions() as session, session.begin():
        audit.record(session, actor="server", action="a", subject="s", now=clock.now())
        publication.queue(session, ("units", "u"), lambda: unit())
    assert order == [Step.FEED, Step.AUDIT] == sorted(Step)
