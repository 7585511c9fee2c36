"""The device's clock: one that is years wrong neither dates a document wrongly nor refuses the true date."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend.clock import ManualClock
from sync_protocol.conformance.scripted_server import CODE, ISSUER
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused
from sync_protocol.device.store.clock import DeviceClock, Uptime
from sync_protocol.device.store.database import Database
from tests.unit.device.company import order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.feed_server import FeedServer

TRUE = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
WRONG = [dt.datetime(2019, 3, 1, 12, tzinfo=dt.UTC), dt.datetime(2031, 3, 1, 12, tzinfo=dt.UTC)]


class Phone:
    """The clocks of a phone: what it shows, and how long it has been running."""

    def __init__(self, wall: dt.datetime) -> None:
        self.wall = wall
        self.seconds = 100.0
        self.boot = "first"
        self.tells_uptime = True

    def now(self) -> dt.datetime:
        return self.wall

    def uptime(self) -> Uptime | None:
        return Uptime(self.seconds, self.boot) if self.tells_uptime else None

    def passes(self, **delta: float) -> None:
        self.wall += dt.timedelta(**delta)
        self.seconds += dt.timedelta(**delta).total_seconds()

    def restarts(self) -> None:
        self.seconds, self.boot = 5.0, f"after {self.boot}"


@pytest.fixture
def phone() -> Phone:
    return Phone(TRUE)


@pytest.fixture
def clock_of(tmp_path: Path, phone: Phone) -> Iterator[DeviceClock]:
    database = Database(tmp_path / "clock.sqlite3")
    yield DeviceClock(database, phone.now, phone.uptime)
    database.close()


def answered(clock: DeviceClock, at: dt.datetime) -> None:
    clock.note_reply({"server_time": at.isoformat().replace("+00:00", "Z")}, "")


@pytest.mark.parametrize("wall", WRONG, ids=lambda wall: str(wall.year))
def test_a_phone_with_a_wrong_clock_takes_its_day_from_the_servers_last_answer(
    opened: Opened, server: FeedServer, wall: dt.datetime
) -> None:
    phone = Phone(wall)
    device = opened(now=phone.now, uptime=phone.uptime)
    device.enrol(CODE, ISSUER)
    assert device.sync().complete
    phone.passes(hours=20)
    assert device.today() == dt.date(2026, 11, 24)
    saved = device.capture("order", order_body(order_date="2026-11-24"))
    assert saved.captured_at == "2026-11-24T05:00:00Z"
    warning = device.status().clock_warning or ""
    assert str(wall.year) in warning and "by the server it is 2026-11-24 05:00 UTC" in warning


@pytest.mark.parametrize("wall", WRONG, ids=lambda wall: str(wall.year))
def test_a_clock_that_is_set_wrong_after_the_last_sync_is_noticed_without_a_network(
    opened: Opened, wall: dt.datetime
) -> None:
    phone = Phone(TRUE)
    device = opened(now=phone.now, uptime=phone.uptime)
    device.enrol(CODE, ISSUER)
    device.sync()
    phone.passes(hours=2)
    phone.wall = wall
    assert device.status().clock_warning
    with pytest.raises(CaptureRefused):
        device.capture("order", order_body(order_date=wall.date().isoformat()))
    saved = device.capture("order", order_body())
    assert saved.captured_at == "2026-11-23T11:00:00Z"


def test_what_was_captured_before_the_clock_was_known_to_be_wrong_is_kept_and_sent(
    opened: Opened, server: FeedServer
) -> None:
    phone = Phone(TRUE)
    device = opened(now=phone.now, uptime=phone.uptime)
    device.enrol(CODE, ISSUER)
    device.sync()
    saved = device.capture("order", order_body())
    phone.wall = WRONG[1]
    assert device.sync().complete
    assert [(document.id, document.stage) for document in device.documents()] == [(saved.id, "queued")]


def test_a_phone_whose_clock_is_right_uses_it_and_says_nothing(clock_of: DeviceClock, phone: Phone) -> None:
    answered(clock_of, TRUE + dt.timedelta(minutes=4))
    phone.passes(hours=30)
    assert clock_of.now() == phone.wall
    assert clock_of.warning() is None


def test_before_the_first_answer_the_phones_clock_counts(clock_of: DeviceClock, phone: Phone) -> None:
    phone.wall = WRONG[0]
    assert clock_of.now() == WRONG[0]
    assert clock_of.warning() is None


@pytest.mark.parametrize("tells_uptime", [True, False])
@pytest.mark.parametrize("wall", WRONG, ids=lambda wall: str(wall.year))
def test_after_a_restart_a_wrong_clock_is_still_corrected(
    clock_of: DeviceClock, phone: Phone, wall: dt.datetime, tells_uptime: bool
) -> None:
    phone.wall, phone.tells_uptime = wall, tells_uptime
    answered(clock_of, TRUE)
    phone.restarts()
    phone.passes(days=3)
    assert clock_of.now() == TRUE + dt.timedelta(days=3)
    assert clock_of.warning()


def test_a_clock_that_was_corrected_before_a_restart_counts(clock_of: DeviceClock, phone: Phone) -> None:
    phone.wall = WRONG[1]
    answered(clock_of, TRUE)
    phone.restarts()
    phone.wall = TRUE + dt.timedelta(days=2)
    assert clock_of.now() == phone.wall
    assert clock_of.warning() is None


@pytest.mark.parametrize("wall", WRONG, ids=lambda wall: str(wall.year))
def test_a_clock_that_is_wrong_after_a_restart_never_goes_behind_the_last_answer(
    clock_of: DeviceClock, phone: Phone, wall: dt.datetime
) -> None:
    answered(clock_of, TRUE)
    phone.restarts()
    phone.wall = wall
    assert clock_of.now() == TRUE
    assert clock_of.warning()


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ({"server_time": "2026-11-23T09:00:00Z"}, ""),
        ({"results": [], "page": {"server_time": "2026-11-23T09:00:00Z"}}, "Mon, 01 Jan 2001 00:00:00 GMT"),
        (None, "Mon, 23 Nov 2026 09:00:00 GMT"),
        ({"page": None}, "Mon, 23 Nov 2026 09:00:00 GMT"),
    ],
)
def test_the_servers_time_is_that_of_the_page_or_of_the_header(
    clock_of: DeviceClock, phone: Phone, value: Any, date: str
) -> None:
    phone.wall = WRONG[0]
    clock_of.note_reply(value, date)
    assert clock_of.now() == TRUE


@pytest.mark.parametrize("value", [None, [], {"server_time": 5}, {"server_time": "soon"}, {"page": "x"}])
@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 09:00:00 GMT"])
def test_a_time_that_cannot_be_read_changes_nothing(
    clock_of: DeviceClock, phone: Phone, value: Any, date: str
) -> None:
    clock_of.note_reply(value, date)
    assert clock_of.warning() is None


def test_answers_that_tell_nothing_new_are_not_written(clock_of: DeviceClock, phone: Phone) -> None:
    answered(clock_of, TRUE)
    before = clock_of._db.value("SELECT running FROM clock")
    phone.passes(minutes=30)
    answered(clock_of, TRUE + dt.timedelta(minutes=30))
    assert clock_of._db.value("SELECT running FROM clock") == before
    phone.passes(minutes=31)
    answered(clock_of, TRUE + dt.timedelta(minutes=61))
    assert clock_of._db.value("SELECT running FROM clock") > before


def test_an_unknown_time_zone_of_the_machine_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: ManualClock
) -> None:
    monkeypatch.setenv("TZ", "Mars/Olympus_Mons")
    with Device(tmp_path / "device", now=clock.now) as device:
        assert device.zone == "UTC"
        assert device.today() == clock.now().date()


def test_a_right_clock_that_ticks_between_two_readings_is_not_called_wrong(
    tmp_path: Path, phone: Phone
) -> None:
    """Every real clock does; one that stands still hides that it is read twice."""

    def ticking() -> dt.datetime:
        phone.passes(microseconds=1)
        return phone.now()

    with closing(Database(tmp_path / "ticking.sqlite3")) as database:
        clock = DeviceClock(database, ticking, phone.uptime)
        answered(clock, phone.now())
        assert clock.warning() is None
