"""The worker: what it does beside forwarding, and how it ends."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.clock import SystemClock
from backend.delivery import breaker
from backend.erp.port import ConnectorMissing
from backend.inbox.models import Attempt
from backend.retry import Backoff
from backend.settings import SettingError, read_settings
from backend.watchdog.models import Heartbeat
from backend.worker import run
from sync_protocol.submission import State
from tests.databases import engine_of, prepared
from tests.eventually import eventually
from tests.services import PostgresServer
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.delivery.workers import all_accepted, environ, install_connector, worker


def test_once_forwards_due_documents_and_returns(inbox: InboxFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environ(inbox, SATCHEL_ERP_COLLECTIONS="units")
    monkeypatch.syspath_prepend(str(install_connector(inbox.erp.folder.parent / "site")))
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    run(read_settings({k: v for k, v in variables.items() if k.startswith("SATCHEL_")}), once=True)
    assert inbox.states(*ids) == ["accepted"] * 3
    assert ["read", "units"] in inbox.erp.calls


def test_a_wrong_setting_stops_the_worker_at_its_start(tmp_path: Path) -> None:
    with pytest.raises(ConnectorMissing, match="there is no connector 'sapp'"):
        run(read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_CONNECTOR": "sapp"}), once=True)
    with pytest.raises(SettingError, match="SATCHEL_QUIET_SECONDS"):
        run(read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_QUIET_SECONDS": "soon"}), once=True)


def test_sigterm_lets_a_worker_finish_its_document(inbox: InboxFixture) -> None:
    id = inbox.capture()
    waiting = inbox.capture()
    go = inbox.erp.folder / "go"
    inbox.erp.script("create", f"until:{go}")
    with worker(inbox) as process:
        eventually(lambda: ["create", id] in inbox.erp.calls)
        eventually(lambda: heartbeats(inbox), "its heart beats")
        os.kill(process.pid, signal.SIGTERM)
        eventually(lambda: all(row.ended_at for row in heartbeats(inbox)), "it knows that it has to end")
        go.touch()
        eventually(lambda: not process.alive)
        assert process._process.returncode == 0
    assert inbox.states(id, waiting) == ["accepted", "queued"]
    assert inbox.row(id).lease_owner is None


def heartbeats(inbox: InboxFixture) -> list[Heartbeat]:
    with inbox.sessions() as session:
        return list(session.scalars(select(Heartbeat)))


def test_a_long_reading_does_not_delay_an_order(inbox: InboxFixture) -> None:
    inbox.erp.script("read", "hang:3600")
    with worker(inbox, SATCHEL_ERP_COLLECTIONS="units"):
        eventually(lambda: ["read", "units"] in inbox.erp.calls)
        all_accepted(inbox, [inbox.capture()])


def test_the_worker_also_settles_acknowledgements_probes_and_queues_what_is_complete(
    inbox: InboxFixture,
) -> None:
    handed_over = inbox.capture()
    inbox.erp.script("advance", "handed_over", "ok")
    inbox.forwarder().drain()
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO9")
    complete = inbox.capture(customer="C2", state=State.RECEIVED)
    with inbox.sessions() as session, session.begin():
        breaker.trip(session, "recording", "wrong", "", now=inbox.clock.now(), backoff=Backoff(0.1, 1.0))
    with worker(inbox):
        all_accepted(inbox, [handed_over, complete])


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
    inbox = InboxFixture(sessions, SystemClock(), settings, RecordingErp(tmp_path / "erp"))
    inbox.erp.script("create", "latency:0.2")
    ids = [inbox.capture(customer=f"C{n}") for n in range(6)]
    with worker(inbox) as process:
        eventually(lambda: any(step == "create" for step, _ in inbox.erp.calls))
        own_postgres.kill()
        eventually(lambda: "the database failed" in process.log.read_text())
        own_postgres.start()
        all_accepted(inbox, ids)
        assert process.alive
    engine_of(sessions).dispose()


def test_threads_forward_documents_at_once(inbox: InboxFixture) -> None:
    inbox.erp.script("create", "together:2")
    ids = [inbox.capture(customer=f"C{n}") for n in range(4)]
    with worker(inbox, THREADS="4"):
        all_accepted(inbox, ids)
    with inbox.sessions() as session:
        assert session.scalar(select(func.count(func.distinct(Attempt.worker)))) > 1
