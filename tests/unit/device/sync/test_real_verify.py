"""Segments, repair and rebasing against the real web application."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete

from backend.app import create_app
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.feed import positions
from backend.feed.models import FeedRow
from backend.identity import enrolment
from backend.settings import Settings
from backend.sync import grants
from backend.sync.segments.due import build_due
from backend.sync.segments.store_factory import make_store
from sync_protocol.change import Gone, Put
from sync_protocol.device.device import Device
from sync_protocol.device.store import checks
from tests.stateful.histories.checks import server_view
from tests.unit.device.company import order_body, records
from tests.unit.device.contents import contents
from tests.unit.device.recording_network import RecordingNetwork
from tests.unit.sync import company
from tests.unit.sync.company import say
from tests.unit.sync.segments.company import customers, large_company

SERVER = "http://localhost"
ROWS = 3_000


def built(sessions: Sessions, clock: ManualClock, settings: Settings) -> None:
    assert build_due(sessions, make_store(settings), clock, settings) != []


@pytest.fixture
def line(sessions: Sessions, settings: Settings, clock: ManualClock) -> Iterator[RecordingNetwork]:
    """The application with 3,000 customers of some 500 bytes, in segments."""
    large_company(sessions, ROWS, noise=200)
    say(sessions, *(Put(collection, record["id"], record) for _, collection, record in records()))
    built(sessions, clock, settings)
    app = create_app(settings, clock)
    yield RecordingNetwork(httpx.WSGITransport(app))
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def device(line: RecordingNetwork, sessions: Sessions, clock: ManualClock, tmp_path: Path) -> Iterator[Device]:
    with sessions() as session, session.begin():
        code = enrolment.create(session, "R1", clock.now())
    with Device(
        tmp_path / "device", http=line, now=clock.now, sleep=lambda seconds: None, zone="Europe/Berlin"
    ) as device_of_r1:
        device_of_r1.enrol(code, SERVER)
        yield device_of_r1


def test_a_first_sync_takes_segments_and_is_proven(
    device: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    report = device.sync()
    assert report.problem is None and report.verified and report.segments > 1
    assert report.put >= ROWS and "POST /v1/verify" not in line.request_lines
    assert contents(device) == server_view(sessions, "R1")


def test_a_first_sync_cut_twenty_times_fetches_less_than_a_twentieth_twice(
    device: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    line.cut_after = 15_000
    cuts = 0
    while not (report := device.sync()).complete:
        cuts += 1
        assert report.downloaded > 0 and cuts < 100
    assert report.verified and cuts >= 20
    offered = report.download.bytes
    assert offered <= line.segment_bytes < offered * 1.05
    assert contents(device) == server_view(sessions, "R1")


def test_three_rows_among_many_are_repaired_with_a_few_kilobytes(
    device: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    device.sync()
    spoil(device)
    line.request_lines.clear()
    report = device.sync()
    assert report.verified and (report.repaired, report.removed) == (2, 1)
    assert contents(device) == server_view(sessions, "R1")
    # The number of questions grows with the logarithm of the rows: all, parts, rows.
    assert line.request_lines.count("POST /v1/verify") == 3
    assert report.sent < 4_000 and report.received < 8_000


def spoil(device: Device) -> None:
    """Make one row stale, lose one, and keep one that does not belong there."""
    device.db.run("DELETE FROM record WHERE key = 'C0000777'")
    device.db.run(
        "INSERT INTO record SELECT collection, 'C0001500x', channel, position, body, 0, search_text, parent"
        " FROM record WHERE key = 'C0001500'"
    )
    device.db.run("UPDATE record SET body = replace(body, 'organisation', 'person') WHERE key = 'C0002222'")
    assert checks.rehash(device.db) == 2


def test_after_a_new_epoch_a_device_that_agrees_fetches_nothing(
    device: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    device.sync()
    before = contents(device)
    with sessions() as session, session.begin():
        positions.new_epoch(session)
    line.request_lines.clear()
    report = device.sync()
    assert report.rebased and report.verified and (report.put, report.repaired, report.removed) == (0, 0, 0)
    assert report.received < 4_000 and line.request_lines == ["GET /v1/pull"]
    assert contents(device) == before == server_view(sessions, "R1")


def test_what_a_restore_lost_is_gone_and_the_outbox_is_pushed_again(
    device: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    """The backup is imitated: what came after it is taken back, as a new epoch."""
    device.sync()
    order = device.capture("order", order_body())
    assert device.sync().verified
    lost = [company.customer(f"LOST{n}", "NW") for n in range(3)]
    say(sessions, *lost, company.customer("C0000005", "NW", name="Written after the backup"))
    assert device.sync().verified
    forget(sessions, [put.key for put in lost])
    line.request_lines.clear()
    report = device.sync()
    assert report.rebased and report.verified and report.problem is None
    assert report.removed == 3 and report.received < 15_000
    assert contents(device) == server_view(sessions, "R1")
    assert [result["status"] for result in report.results] == ["duplicate"]
    assert device.documents()[0].id == order.id


def forget(sessions: Sessions, keys: list[str]) -> None:
    """Let the server be one that never had the customers *keys*, with their places taken by nobody."""
    say(sessions, *(Gone("customers", key) for key in keys))
    with sessions() as session, session.begin():
        session.execute(delete(FeedRow).where(FeedRow.collection == "customers", FeedRow.key.in_(keys)))
        positions.new_epoch(session)


def test_segments_rebuilt_in_the_middle_of_a_download_lead_to_the_same_replica(
    device: Device, sessions: Sessions, line: RecordingNetwork, clock: ManualClock, settings: Settings
) -> None:
    line.cut_after = 60_000
    device.sync()
    device.sync()
    customers(sessions, 100, 1_500, noise=100)
    clock.advance(hours=1)
    built(sessions, clock, settings)
    say(sessions, Gone("customers", "C0000001"))
    line.cut_after = None
    for _ in range(3):
        report = device.sync()
    assert report.verified and contents(device) == server_view(sessions, "R1")


def test_a_territory_taken_away_in_the_middle_of_a_download_leaves_nothing(
    device: Device, sessions: Sessions, line: RecordingNetwork, clock: ManualClock
) -> None:
    line.cut_after = 100_000
    device.sync()
    assert device.status().sync_state.then is not None
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", clock.now() + dt.timedelta(seconds=1))
    line.cut_after = None
    report = device.sync()
    assert report.verified and device.records("customers") == []
    assert list(device.parts.folder.iterdir()) == []
    assert contents(device) == server_view(sessions, "R1")
