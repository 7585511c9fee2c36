"""The device against the real web application: the same stories, the other end not of our making."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backend.app import create_app
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.identity import enrolment
from backend.identity.models import Device as DeviceRow
from backend.inbox import submissions as inbox
from backend.settings import Settings
from backend.sync import grants
from sync_protocol.change import Gone, Put
from sync_protocol.device.device import Device
from sync_protocol.device.errors import EnrolAgain, Revoked
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.company import claim_body, customer, order_body, records
from tests.unit.device.recording_network import RecordingNetwork
from tests.unit.sync.company import reps, say

SERVER = "http://localhost"


@pytest.fixture
def line(sessions: Sessions, settings: Settings, clock: ManualClock) -> Iterator[RecordingNetwork]:
    reps(sessions)
    say(sessions, *(Put(collection, record["id"], record) for _, collection, record in records()))
    say(sessions, *(Put("customers", f"D{n}", customer(f"D{n}", f"Doe {n}")) for n in range(30)))
    app = create_app(settings, clock)
    yield RecordingNetwork(httpx.WSGITransport(app))
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def real(line: RecordingNetwork, sessions: Sessions, clock: ManualClock, tmp_path: Path) -> Iterator[Device]:
    """A device of R1, enrolled at the real application."""
    with sessions() as session, session.begin():
        code = enrolment.create(session, "R1", clock.now())
    with Device(
        tmp_path / "device",
        http=line,
        now=clock.now,
        sleep=lambda seconds: None,
        zone="Europe/Berlin",
        limit_bytes=4096,
    ) as device:
        device.enrol(code, SERVER)
        yield device


def test_the_replica_holds_what_the_rep_may_read(
    real: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    report = real.sync()
    assert report.problem is None and report.complete and report.pages > 1
    assert {record["id"] for record in real.records("customers")} >= {"C1", "C2"}
    say(sessions, Gone("customers", "C2"), Put("customers", "C9", customer("C9", "Elsewhere", territory="SE")))
    assert real.sync().gone == 1
    assert len(real.records("customers")) == 31
    assert real.record("customers", "C2") is None and real.record("customers", "C9") is None


def test_an_idle_poll_comes_to_be_answered_304(real: Device, line: RecordingNetwork) -> None:
    real.sync()
    real.sync()
    assert real.sync().unchanged
    assert (line.request_lines[-1], line.statuses[-1]) == ("GET /v1/pull", 304)


def test_an_order_is_on_the_servers_disk_once_after_a_lost_reply(
    real: Device, sessions: Sessions, line: RecordingNetwork
) -> None:
    real.sync()
    saved = real.capture("order", order_body())
    line.lose = "POST /v1/sync"
    real.sync()
    assert real.sync().complete
    (document,) = real.documents()
    assert document.stage == "queued" and document.state == "queued"
    with sessions() as session:
        stored = inbox.get(session, saved.id)
        assert stored is not None and stored.sha256 == saved.sha256


def test_a_claim_waits_for_the_check_once_its_receipt_has_arrived(real: Device, line: RecordingNetwork) -> None:
    real.sync()
    real.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    report = real.sync()
    assert report.problem is None and report.receipts == 1 and report.notes == []
    (document,) = real.documents()
    assert document.stage == "received" and document.missing == []
    # The same photograph in another claim is not sent again.
    real.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    before = len([request for request in line.request_lines if request.startswith("PATCH")])
    assert real.sync().problem is None
    assert len([request for request in line.request_lines if request.startswith("PATCH")]) == before


def test_a_document_that_names_what_the_rep_may_not_see_is_refused_with_the_field(real: Device) -> None:
    real.sync()
    # As if the device had been tampered with: its replica has a customer that the rep never had.
    real.db.run(
        "INSERT INTO record (collection, key, channel, position, body, hash)"
        " SELECT collection, 'C8', channel, position, body, hash FROM record WHERE key = 'C1'"
    )
    real.capture("order", order_body("C8"))
    report = real.sync()
    assert [result["status"] for result in report.results] == ["refused"]
    (document,) = real.documents()
    assert document.stage == "rejected" and document.needs_rep
    assert [error["field"] for error in document.errors] == ["customer_id"]
    # The corrected copy replaces it, and the first one is done with.
    real.capture("order", order_body("C1"), supersedes=document.id)
    real.sync()
    assert [document.stage for document in real.documents()] == ["superseded", "queued"]


def test_tokens_are_rotated_and_a_lost_reply_logs_nobody_out(
    real: Device, clock: ManualClock, line: RecordingNetwork
) -> None:
    real.sync()
    for lost in (None, "POST /v1/token", None):
        clock.advance(hours=2)
        line.lose = lost
        real.sync()
        assert real.sync().complete


def test_a_revoked_device_is_wiped(real: Device, sessions: Sessions, clock: ManualClock) -> None:
    real.sync()
    unsent = real.capture("order", order_body())
    identity = real.identity
    assert identity is not None
    with sessions() as session, session.begin():
        row = session.get_one(DeviceRow, identity.device_id)
        enrolment.revoke(session, row, actor="user:office", now=clock.now())
    with pytest.raises(Revoked) as revoked:
        real.sync()
    assert revoked.value.export is not None and unsent.id
    assert real.status().counts == {}


def test_a_territory_that_is_taken_away_leaves_the_device(
    real: Device, sessions: Sessions, clock: ManualClock
) -> None:
    real.sync()
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", clock.now())
    assert real.sync().complete
    assert real.records("customers") == [] and real.records("contacts") == []
    assert real.records("products")
    with sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:NW", clock.now() + dt.timedelta(seconds=1))
    real.sync()
    assert len(real.records("customers")) == 32


def test_a_restored_folder_without_its_key_must_enrol_again(
    real: Device, clock: ManualClock, tmp_path: Path
) -> None:
    real.sync()
    for key in (tmp_path / "device").glob("key-*"):
        key.unlink()
    clock.advance(hours=2)
    with pytest.raises(EnrolAgain):
        real.sync()


@pytest.mark.parametrize("year", [2019, 2031])
def test_a_phone_with_a_wrong_clock_sends_an_order_of_the_true_date(
    line: RecordingNetwork, sessions: Sessions, clock: ManualClock, tmp_path: Path, year: int
) -> None:
    with sessions() as session, session.begin():
        code = enrolment.create(session, "R1", clock.now())
    wrong = ManualClock(clock.now().replace(year=year))
    with Device(tmp_path / "wrong", http=line, now=wrong.now, zone="Europe/Berlin") as device:
        device.enrol(code, SERVER)
        assert device.sync().complete
        assert device.today() == clock.now().date()
        device.capture("order", order_body(order_date=device.today().isoformat()))
        report = device.sync()
        assert [result["status"] for result in report.results] == ["received"]
        assert f"it shows {year}" in (device.status().clock_warning or "")


def test_a_device_whose_enrolment_has_ended_enrols_again_with_its_id_and_its_outbox(
    real: Device, sessions: Sessions, clock: ManualClock
) -> None:
    real.sync()
    before = real.identity
    assert before is not None
    clock.advance(days=31)
    real.capture("order", order_body(order_date=clock.now().date().isoformat()))
    with pytest.raises(EnrolAgain) as ended:
        real.sync()
    assert "not used for 30 days, so its enrolment has ended" in ended.value.technical
    with sessions() as session, session.begin():
        code = enrolment.create(session, "R1", clock.now(), renews=before.device_id)
    assert real.enrol(code, SERVER).device_id == before.device_id
    report = real.sync()
    assert report.complete and [result["status"] for result in report.results] == ["received"]
