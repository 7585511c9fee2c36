"""The worker: what it does beside forwarding, and how it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.clock import SystemClock
from backend.delivery import breaker
from backend.delivery.retry import Backoff
from backend.erp.port import ConnectorMissing
from backend.inbox.models import Attempt
from backend.settings import SettingError, read_settings
from backend.worker import run
from sync_protocol.submission import State
from tests.conftest import prepared
from tests.delivery.desk import Desk, eventually
from tests.delivery.ledger_erp import LedgerErp
from tests.delivery.workers import all_accepted, environ, install_connector, worker
from tests.services import PostgresServer


def test_once_does_what_is_due_and_returns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environ(desk, SATCHEL_ERP_COLLECTIONS="units")
    monkeypatch.syspath_prepend(str(install_connector(desk.erp.folder.parent / "site")))
    ids = [desk.capture(customer=f"C{n}") for n in range(3)]
    run(read_settings({k: v for k, v in variables.items() if k.startswith("SATCHEL_")}), once=True)
    assert desk.states(*ids) == ["accepted"] * 3
    assert ["read", "units"] in desk.erp.calls


def test_a_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConnectorMissing, match="there is no connector 'sapp'"):
        run(read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_CONNECTOR": "sapp"}), once=True)
    with pytest.raises(SettingError, match="SATCHEL_QUIET_SECONDS"):
        run(read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_QUIET_SECONDS": "soon"}), once=True)


def test_sigterm_lets_the_document_being_sent_be_finished(desk: Desk) -> None:
    id = desk.capture()
    waiting = desk.capture()
    desk.erp.script("create", "latency:2")
    with worker(desk) as process:
        eventually(lambda: ["create", id] in desk.erp.calls)
        os.kill(process.pid, signal.SIGTERM)
        eventually(lambda: not process.alive)
        assert process._process.returncode == 0
    assert desk.states(id, waiting) == ["accepted", "queued"]
    assert desk.row(id).lease_owner is None


def test_a_long_reading_does_not_delay_an_order(desk: Desk) -> None:
    desk.erp.script("read", "hang:60")
    with worker(desk, SATCHEL_ERP_COLLECTIONS="units"):
        eventually(lambda: ["read", "units"] in desk.erp.calls)
        all_accepted(desk, [desk.capture()], seconds=20)


def test_the_worker_also_settles_acknowledgements_probes_and_queues_what_is_complete(desk: Desk) -> None:
    handed_over = desk.capture()
    desk.erp.script("advance", "handed_over", "ok")
    desk.forwarder().drain()
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO9")
    complete = desk.capture(customer="C2", state=State.RECEIVED)
    with desk.sessions() as session, session.begin():
        breaker.trip(session, "ledger", "wrong", "", now=desk.clock.now(), backoff=Backoff(0.1, 1.0))
    with worker(desk):
        all_accepted(desk, [handed_over, complete])


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL that may be killed."""
    server = PostgresServer(tmp_path / "postgres", durable=True).start()
    yield server
    server.remove()


def test_the_worker_survives_its_database(own_postgres: PostgresServer, tmp_path: Path) -> None:
    url = own_postgres.create_database("satchel")
    sessions = prepared(url)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": url})
    desk = Desk(sessions, SystemClock(), settings, LedgerErp(tmp_path / "erp"))
    desk.erp.script("create", "latency:0.2")
    ids = [desk.capture(customer=f"C{n}") for n in range(6)]
    with worker(desk) as process:
        eventually(lambda: any(step == "create" for step, _ in desk.erp.calls))
        own_postgres.kill()
        eventually(lambda: "the database failed" in process.log.read_text())
        own_postgres.start()
        all_accepted(desk, ids)
        assert process.alive
    sessions.kw["bind"].dispose()  # type: ignore[attr-defined]


def test_threads_forward_side_by_side(desk: Desk) -> None:
    desk.erp.script("create", "latency:0.5")
    ids = [desk.capture(customer=f"C{n}") for n in range(4)]
    with worker(desk, THREADS="4"):
        all_accepted(desk, ids)
    with desk.sessions() as session:
        assert session.scalar(select(func.count(func.distinct(Attempt.worker)))) > 1
