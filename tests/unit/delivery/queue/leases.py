"""Take a document's lease and settle it, as a worker does."""

from typing import Any

from backend.delivery.attempts import AttemptLog
from backend.delivery.forwarder import settle_lease
from backend.delivery.queue import acquire
from backend.delivery.queue.lease import Lease
from backend.delivery.transition import Transition
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def lease_next(inbox: InboxFixture, worker: str = "w1", **options: Any) -> Lease | None:
    with inbox.sessions() as session, session.begin():
        return acquire.acquire(
            session,
            now=inbox.clock.now(),
            worker=worker,
            lease_seconds=60,
            kinds=KINDS,
            **{"quiet_seconds": 30, **options},
        )


def settle(inbox: InboxFixture, lease: Lease, transition: Transition) -> bool:
    with inbox.sessions() as session, session.begin():
        attempts = AttemptLog(lease, "recording", inbox.clock)
        row = settle_lease(session, attempts, transition, connector="recording", now=inbox.clock.now())
        return row is not None


def accepted_transition(number: str = "1") -> Transition:
    return Transition(State.ACCEPTED, sent_at=None, erp_id=number)
