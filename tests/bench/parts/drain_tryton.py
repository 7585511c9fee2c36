"""Draining into a real Tryton, compared with Tryton's own limit: the connector's calls without the forwarder.

The same two connections send orders first directly, then for the forwarder, and directly once more. The three
calls of each order are the same, and so are Tryton, its database and the machine.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from backend.clock import SystemClock
from backend.connectors.tryton.adapter import TrytonConnector
from backend.delivery.forwarder import Forwarder
from backend.erp.records import Document
from sync_protocol.submission import State
from tests.bench.parts.drain import inbox_on, still_open
from tests.bench.sizes import Sizes
from tests.services import PostgresServer, TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture
from tests.unit.delivery.inbox_fixture import InboxFixture

MAX_IN_FLIGHT = 2
"""Orders at a time, as the Tryton connector allows."""
PAUSE_SECONDS = 0.02


def drain_tryton(
    server: TrytonServer, postgres: PostgresServer, folder: Path, sizes: Sizes
) -> dict[str, float]:
    """Send *sizes.drain_tryton* orders through the forwarder and as many without it; return both rates.

    Raises AssertionError unless each order of the forwarder's is in Tryton once.
    """
    with ExitStack() as stack:
        tryton = stack.enter_context(closing(TrytonFixture(server)))
        connectors = [stack.enter_context(closing(tryton.connect())) for _ in range(MAX_IN_FLIGHT)]
        inbox = stack.enter_context(inbox_on(postgres, "drain_tryton", folder, None))
        _send_directly(tryton, connectors, MAX_IN_FLIGHT)
        half = sizes.drain_tryton // 2
        direct = _send_directly(tryton, connectors, half)
        ids = [inbox.capture(body) for body in _bodies(tryton, sizes.drain_tryton)]
        seconds = _forward_all(inbox, connectors)
        direct += _send_directly(tryton, connectors, sizes.drain_tryton - half)
        assert [tryton.count("order", id) for id in ids] == [1] * len(ids)
    return {
        "orders": len(ids),
        "seconds": seconds,
        "orders_per_second": len(ids) / seconds,
        "possible": len(ids) / direct,
        "share": direct / seconds,
    }


def _bodies(tryton: TrytonFixture, count: int) -> Iterable[dict[str, Any]]:
    customers = [c for c in tryton.summary["customers"] if c["credit_limit"] is None]
    for n in range(count):
        customer = customers[n % len(customers)]
        yield tryton.order_body(customer_id=str(customer["id"]), ship_to_id=str(customer["address"]))


def _send_directly(tryton: TrytonFixture, connectors: Sequence[TrytonConnector], count: int) -> float:
    """Send *count* orders without the forwarder, divided among *connectors*; return the seconds."""
    documents = [tryton.document("order", body) for body in _bodies(tryton, count)]

    def send(n: int) -> None:
        for document in documents[n :: len(connectors)]:
            _send(connectors[n], document)

    started = time.perf_counter()
    with ThreadPoolExecutor(len(connectors)) as pool:
        list(pool.map(send, range(len(connectors))))
    return time.perf_counter() - started


def _send(connector: TrytonConnector, document: Document) -> None:
    assert not connector.find(document.kind, document.id)
    outcome = connector.advance(document, connector.create(document))
    assert outcome.state is State.ACCEPTED, outcome


def _forward_all(inbox: InboxFixture, connectors: Sequence[TrytonConnector]) -> float:
    """Forward the queue with one forwarder per connection; return the seconds."""

    def forward(n: int) -> None:
        forwarder = Forwarder(
            inbox.sessions, connectors[n], clock=SystemClock(), settings=inbox.settings, worker=f"w{n}",
            receipts_of=lambda session, submission: (),
        )  # fmt: skip
        while still_open(inbox):
            if not forwarder.drain():
                time.sleep(PAUSE_SECONDS)

    started = time.perf_counter()
    with ThreadPoolExecutor(len(connectors)) as pool:
        list(pool.map(forward, range(len(connectors))))
    return time.perf_counter() - started
