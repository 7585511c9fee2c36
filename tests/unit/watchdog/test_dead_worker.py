"""A real worker that is killed or hangs: doctor, readiness, metrics and the alert say so."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import select

from backend.cli.context import console
from backend.cli.main import main
from backend.clock import ManualClock, SystemClock
from backend.database.core import Model, Sessions
from backend.gauges import DatabaseGauges
from backend.migrations.upgrade import upgrade
from backend.settings import Settings, read_settings
from backend.watchdog.heart import PROCESS, Heart
from backend.watchdog.late import find_late, read_heartbeats
from backend.watchdog.models import Heartbeat
from tests.eventually import eventually
from tests.unit.api.installation import Installation, install
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.delivery.workers import worker


@pytest.fixture
def inbox(sessions: Sessions, settings: Settings, tmp_path: Path) -> InboxFixture:
    """An inbox on the real clock, as the worker's process has it."""
    return InboxFixture(sessions, SystemClock(), settings, RecordingErp(tmp_path / "erp"))


def duties(inbox: InboxFixture) -> dict[str, Heartbeat]:
    with inbox.sessions() as session:
        return {row.duty: row for row in session.scalars(select(Heartbeat))}


def late(inbox: InboxFixture, seconds: float) -> list[str]:
    with inbox.sessions() as session:
        return [each.message for each in find_late(read_heartbeats(session), SystemClock().now(), seconds)]


def test_every_duty_of_a_worker_has_a_heartbeat_and_a_stopped_worker_is_not_dead(inbox: InboxFixture) -> None:
    with worker(inbox) as process:
        eventually(lambda: bool(duties(inbox)))
        assert set(duties(inbox)) == {
            PROCESS, "forward-1", "forward-2", "receipts", "ingest", "maintenance", "alerts", "segments"
        }  # fmt: skip
        assert {row.worker.rpartition(":")[2] for row in duties(inbox).values()} == {str(process.pid)}
        os.kill(process.pid, signal.SIGTERM)
        eventually(lambda: not process.alive)
    assert all(row.ended_at is not None for row in duties(inbox).values())
    assert late(inbox, 600) == []


def test_a_killed_worker_is_late(inbox: InboxFixture) -> None:
    with worker(inbox) as process:
        eventually(lambda: bool(duties(inbox)))
        process.kill()
    inbox.capture()
    eventually(lambda: late(inbox, 1) != [])
    [message] = late(inbox, 1)
    assert "does not respond since" in message


def test_a_duty_that_hangs_is_late_while_the_others_work(inbox: InboxFixture) -> None:
    inbox.erp.script("read", "hang:3600")
    with worker(inbox, SATCHEL_ERP_COLLECTIONS="units"):
        eventually(lambda: ["read", "units"] in inbox.erp.calls)
        # Longer than the ten seconds between two writes of the heart.
        # On a busy machine the others may be late for a moment, too.
        [hanging] = eventually(lambda: now if len(now := late(inbox, 20)) == 1 else [])
    assert hanging.startswith("reading the ERP (ingest of") and "hangs since" in hanging


@pytest.fixture
def company(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation that was set up by the migrations, with the heart of a worker that has died."""
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with install(settings, clock) as installation:
        engine = installation.sessions().get_bind()
        Model.metadata.drop_all(engine)
        upgrade(engine)
        Heart(installation.sessions, clock, "node1:17").start()
        yield installation


def test_readiness_warns_and_the_node_stays_ready(company: Installation) -> None:
    assert company.client.get("/readyz").json["warnings"] == []
    company.clock.advance(minutes=3)
    reply = company.client.get("/readyz")
    assert (reply.status_code, reply.json["status"], reply.json["problems"]) == (200, "ready", [])
    assert reply.json["warnings"] == ["the worker node1:17 does not respond since 2026-11-23 09:00:00 UTC"]


def test_metrics_count_late_workers(company: Installation) -> None:
    company.clock.advance(minutes=3)
    registry = CollectorRegistry()
    registry.register(DatabaseGauges(company.sessions, company.clock, company.settings))
    lines = generate_latest(registry).decode().splitlines()
    assert "satchel_workers_late 1.0" in lines
    assert 'satchel_worker_heartbeat_age_seconds{duty="process"} 180.0' in lines


def test_doctor_names_a_dead_worker(company: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 400)
    environ = {"SATCHEL_FOLDER": str(company.settings.folder)}
    # The installation's clock stands in the past for the command, which has the real one.
    output = CliRunner().invoke(main, ["doctor"], env=environ).output
    assert "the worker node1:17 does not respond since 2026-11-23 09:00:00 UTC" in output
    assert "satchel serve --only worker" in output
