"""Forwarding: what one order costs one forwarder in this process, with an ERP that costs nothing.

Both figures of CPU are compared between two versions on one machine, by turns; neither is compared with another
machine's.
"""

import time
from pathlib import Path

from sqlalchemy import event

from backend.erp.records import Document, ErpDocument
from tests.bench.meter import cpu_of
from tests.bench.parts.drain import inbox_on, still_open
from tests.bench.sizes import Sizes
from tests.bench.slow_erp import SlowErp
from tests.databases import engine_of
from tests.services import PostgresServer

CUSTOMERS = 250
WARM_UP = 50
"""Orders before those that count: by then every statement is compiled and prepared."""


class FreeErp(SlowErp):
    """Accepts every document and remembers none."""

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        return []

    def create(self, document: Document) -> ErpDocument:
        return ErpDocument(document.id, None, "draft")


def forward(postgres: PostgresServer, folder: Path, sizes: Sizes) -> dict[str, float]:
    """Forward *sizes.forward* orders; return statements, transactions and CPU seconds an order."""
    counts = {"statements": 0, "transactions": 0}

    def count(name: str) -> None:
        counts[name] += 1

    with inbox_on(postgres, "forward", folder, FreeErp(folder / "erp", 0.0)) as inbox:
        engine = engine_of(inbox.sessions)
        event.listen(engine, "before_cursor_execute", lambda *given: count("statements"))
        event.listen(engine, "commit", lambda connection: count("transactions"))
        forwarder = inbox.forwarder()
        inbox.capture_many(f"C{n % CUSTOMERS}" for n in range(WARM_UP))
        forwarder.drain()
        inbox.capture_many(f"C{n % CUSTOMERS}" for n in range(sizes.forward))
        counts.update(statements=0, transactions=0)
        before = cpu_of([postgres.pid]), time.thread_time(), time.perf_counter()
        done = forwarder.drain()
        after = cpu_of([postgres.pid]), time.thread_time(), time.perf_counter()
        assert (done, still_open(inbox)) == (sizes.forward, 0)
    database, own, seconds = (now - then for now, then in zip(after, before, strict=True))
    return {
        "orders": done,
        "statements": counts["statements"] / done,
        "transactions": counts["transactions"] / done,
        "cpu": own / done,
        "database_cpu": database / done,
        "seconds": seconds / done,
    }
