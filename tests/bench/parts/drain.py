"""Draining: worker processes on PostgreSQL with Redis forward queued orders to a slow ERP.

The possible rate is that of workers that wait only for the ERP. The time runs from the beginning of the first
`create` to the end of the last, so the wait until the first order is noticed does not count.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from backend import doorbell
from backend.clock import SystemClock
from backend.inbox.models import Submission
from backend.settings import read_settings
from tests.bench.meter import Watch
from tests.bench.sizes import Sizes
from tests.bench.slow_erp import SlowErp
from tests.databases import engine_of, prepared
from tests.eventually import eventually
from tests.services import PostgresServer, RedisServer
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.workers import worker

CUSTOMERS = 250
ERP_SECONDS = 0.2
WORKERS = 4
PROCESSES = 2
LONGEST = 1_800.0


def drain(postgres: PostgresServer, folder: Path, sizes: Sizes) -> dict[str, float]:
    """Queue *sizes.drain* orders, let four workers forward them, and return the figures.

    Raises AssertionError unless each order is in the ERP once and in the sequence of its customer.
    """
    erp = SlowErp(folder / "erp", ERP_SECONDS)
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / "redis"))
        inbox = stack.enter_context(inbox_on(postgres, "drain", folder, erp, SATCHEL_REDIS_URL=redis.url))
        ids = inbox.capture_many(f"C{n % CUSTOMERS}" for n in range(sizes.drain))
        settings = {"SATCHEL_MAX_IN_FLIGHT": str(WORKERS), "SATCHEL_LEASE_SECONDS": "120",
                    "SATCHEL_POLL_SECONDS": "1", "SATCHEL_CONNECTOR": "slow", "THREADS": "2",
                    "SATCHEL_ERP_SECONDS": str(ERP_SECONDS), "SATCHEL_REDIS_URL": redis.url,
                    "SATCHEL_QUIET_SECONDS": ""}  # fmt: skip
        processes = [stack.enter_context(worker(inbox, **settings)) for _ in range(PROCESSES)]
        doorbell.ring(inbox.settings)
        eventually(lambda: bool(erp.created()), seconds=LONGEST)
        watch = Watch([process.pid for process in processes], [postgres.pid])
        eventually(lambda: still_open(inbox) == 0, seconds=LONGEST)
        used = watch.used()
    calls = erp.created()
    assert set(calls) == set(ids), "each order once, and nothing else"
    for customer in range(min(CUSTOMERS, len(ids))):
        times = [calls[id] for id in ids[customer::CUSTOMERS]]
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))
    seconds = max(ended for _, ended in calls.values()) - min(started for started, _ in calls.values())
    possible = WORKERS / ERP_SECONDS
    return {
        "orders": len(ids),
        "seconds": seconds,
        "orders_per_second": len(ids) / seconds,
        "possible": possible,
        "share": len(ids) / seconds / possible,
        "worker_cpu": used["web_cpu"] / len(ids),
        "database_cpu": used["database_cpu"] / len(ids),
    }


@contextmanager
def inbox_on(
    postgres: PostgresServer, database: str, folder: Path, erp: Any, **settings: str
) -> Iterator[InboxFixture]:
    """Yield an inbox in a new database of *postgres*, connected to *erp*."""
    url = postgres.create_database(database)
    sessions = prepared(url)
    environ = {"SATCHEL_FOLDER": str(folder), "SATCHEL_DATABASE_URL": url, **settings}
    try:
        yield InboxFixture(sessions, SystemClock(), read_settings(environ), erp)
    finally:
        engine_of(sessions).dispose()
        postgres.drop_database(database)


def still_open(inbox: InboxFixture) -> int:
    """Return how many documents are not accepted yet."""
    with inbox.sessions() as session:
        query = select(func.count()).select_from(Submission).where(Submission.state != "accepted")
        return session.scalar(query) or 0
