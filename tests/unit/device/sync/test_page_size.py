"""A line that breaks again and again before a page is whole: pages shrink until they pass, and grow again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from backend.app import create_app
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.identity import enrolment
from backend.settings import Settings
from sync_protocol.device.device import Device
from sync_protocol.device.errors import Damaged, NotOurServer, Offline
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.limits import KIB, LIMITS
from tests.services.proxy import Proxy
from tests.services.serving import serving
from tests.unit.sync.segments.company import large_company

ROWS = 1_500
CUT = Offline("cut", sent=True)


@pytest.fixture
def port(sessions: Sessions, settings: Settings, clock: ManualClock) -> Iterator[int]:
    """A server whose customers, some 400 bytes each and hardly to be compressed, come as rows."""
    large_company(sessions, ROWS, noise=200)
    app = create_app(replace(settings, segment_rows=0), clock)
    with serving(make_server("127.0.0.1", 0, app)) as address:
        yield int(address.rpartition(":")[2])
    with app.app_context():
        db.engine.dispose()


def test_a_first_sync_ends_on_a_line_that_is_cut_every_22_kB(
    port: int, sessions: Sessions, clock: ManualClock, tmp_path: Path
) -> None:
    with sessions() as session, session.begin():
        code = enrolment.create(session, "R1", clock.now())
    with (
        Proxy(port) as line,
        Device(tmp_path / "device", now=clock.now, sleep=lambda seconds: None, zone="UTC") as device,
    ):
        device.enrol(code, f"http://127.0.0.1:{line.port}")
        line.cut(down=22_000, times=1_000)
        report = device.sync_until_done()
        assert report.problem is None and report.complete and report.verified
        assert device.status().counts["customers"] == ROWS
        assert 5 < line.cuts < 100


def test_pages_halve_after_a_cut_and_grow_again_to_the_size_that_the_server_chooses() -> None:
    size = PageSize()
    assert size.limit is None
    limits = []
    for _ in range(8):
        size.after_error(CUT)
        limits.append(size.limit)
    assert limits == [n * KIB for n in (128, 64, 32, 16, 8, 4, 4, 4)]
    for _ in range(5):
        size.after_page()
    assert size.limit == 128 * KIB
    size.after_page()
    size.after_page()
    assert size.limit is None


def test_pages_never_grow_above_the_requested_size() -> None:
    size = PageSize(10_000)
    size.after_error(CUT)
    assert size.limit == 5_000
    size.after_page()
    size.after_page()
    assert size.limit == 10_000


def test_only_a_line_that_broke_makes_pages_smaller() -> None:
    size = PageSize()
    for error in (Offline("no network", sent=False), NotOurServer("a sign-in page")):
        size.after_error(error)
    assert size.limit is None
    size.after_error(Damaged("the reply was cut on the way"))
    assert size.limit == LIMITS.page_bytes // 2
