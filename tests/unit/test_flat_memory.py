"""A worker's memory is flat under ordinary load: documents, changes of the ERP, alerts.

Some hours pass on the test's clock: a round of each duty every five minutes. After the warm-up, what is still
allocated must not grow with the number of rounds; if it does, the message names the lines. A day of a real
worker process is in `test_memory_over_a_day.py`.
"""

import gc
import json
import linecache
import logging
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.notifiers import Log
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.documents import receipts_in
from backend.delivery.forwarder import Forwarder
from backend.erp.port import Connector
from backend.erp.records import ReadPage
from backend.feed.changes import live
from backend.ingest.schedule import Schedule
from backend.maintenance import Maintenance
from backend.settings import Settings
from backend.sync.segments import maintenance as segments
from backend.watchdog.alerts import send_late_alerts
from backend.watchdog.heart import Heart
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.ingest.scripted_erp import unit

ROUND_SECONDS = 300
# The caches of statements and patterns, which are bounded, fill during the warm-up.
WARM_UP, SOME_HOURS = 48, 24
DOCUMENTS = 2
"""New ones in each round, and one damaged acknowledgement."""
BYTES_A_ROUND = 600
"""What may stay allocated per round: less than one retained row or message takes."""
IGNORED = ("*/tests/*", "*/backend/sample_erp/*", "*/_pytest/*", tracemalloc.__file__, linecache.__file__)


class ChangingErp(RecordingErp):
    """An ERP with twenty units, one of them invalid, whose names change with every read."""

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        number = int(watermark or 0) + 1
        records = tuple(unit(f"u{n}", f"unit {n}, version {number}") for n in range(19))
        invalid = {"id": "u19", "name": f"version {number}"}
        return ReadPage((*records, invalid), str(number), more=False)


class Worker:
    """The jobs of a worker, each with a connector of its own, on the test's clock."""

    def __init__(
        self,
        inbox: InboxFixture,
        connectors: Callable[[], Connector],
        damage: Path,
    ) -> None:
        sessions, clock, settings = inbox.sessions, inbox.clock, inbox.settings
        self.inbox, self.damage = inbox, damage
        self.heart = Heart(sessions, clock)
        self.duty = self.heart.duty("all")
        self.heart.start()
        watched_sessions = self.duty.beating(sessions)
        self.forwarder = Forwarder(
            watched_sessions, connectors(), clock=clock, settings=settings, worker="w",
            receipts_of=receipts_in(settings.folder),
        )  # fmt: skip
        rule = configured_rule(settings)
        schedule = Schedule(watched_sessions, connectors(), clock, settings)
        self.jobs: list[Callable[[], object]] = [
            self.forwarder.drain,
            schedule.run_due,
            Maintenance(settings, watched_sessions, connectors(), clock).run_once,
            lambda: send_alerts(watched_sessions, [Log()], rule, clock),
            segments.run_maintenance(watched_sessions, clock, settings, self.duty.beat),
            lambda: send_late_alerts(sessions, [Log()], clock, settings),
        ]
        self.number = 0

    def play(self) -> None:
        """Play one round: new documents, a damaged acknowledgement, and each job once."""
        self.number += 1
        for n in range(DOCUMENTS):
            self.inbox.capture(customer=f"C{(self.number + n) % 7}")
        (self.damage / f"damaged-{self.number}.json").write_text(json.dumps({"lines": [[self.number]]}))
        for job in self.jobs:
            try:
                job()
            except KeyError:
                # The recording ERP cannot read a damaged acknowledgement; the operator deletes it.
                for path in self.damage.glob("damaged-*"):
                    path.unlink()
        self.duty.succeeded(2)
        self.heart.write()
        self.inbox.clock.advance(seconds=ROUND_SECONDS)


def growth(play: Callable[[], None], rounds: int) -> tuple[float, str]:
    """Return by how many bytes a round grows what is allocated, and where most of it was allocated."""
    tracemalloc.start()
    try:
        for _ in range(WARM_UP):
            play()
        before = _snapshot()
        for _ in range(rounds):
            play()
        after = _snapshot()
    finally:
        tracemalloc.stop()
    differences = after.compare_to(before, "lineno")
    largest = sorted(differences, key=lambda each: -each.size_diff)[:12]
    return sum(each.size_diff for each in differences) / rounds, "\n".join(map(str, largest))


def _snapshot() -> tracemalloc.Snapshot:
    gc.collect()
    return tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(False, pattern) for pattern in IGNORED]
    )


def assert_flat(worker: Worker, rounds: int) -> None:
    per_round, where = growth(worker.play, rounds)
    assert per_round < BYTES_A_ROUND, f"{per_round:.0f} bytes a round stay allocated:\n{where}"


@pytest.fixture
def without_log_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest keeps the records of the log, which would count as growth."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)


@pytest.mark.usefixtures("without_log_records")
def test_a_workers_memory_is_flat_over_some_hours(
    sessions: Sessions, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    folder = tmp_path / "erp"
    inbox = InboxFixture(sessions, clock, settings, ChangingErp(folder))
    (folder / "acknowledgements").mkdir()
    worker = Worker(
        inbox,
        lambda: ChangingErp(folder, collections=("units",)),
        folder / "acknowledgements",
    )
    assert_flat(worker, SOME_HOURS)
    created = sum(entry["event"] == "create" for entry in inbox.erp.executed)
    assert created == DOCUMENTS * (WARM_UP + SOME_HOURS), "the load was not what it should be"
    with sessions() as session:
        body = live(session, "units", "u3")
    assert body is not None and body["name"] == f"unit 3, version {WARM_UP + SOME_HOURS}"
