"""`satchel feed mismatches`, and what `satchel doctor` says of them."""

import datetime as dt

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.feed import mismatches
from backend.feed.mismatches import Mismatch, VerifyingDevice
from tests.unit.cli.conftest import Satchel

NW = ("territory:NW", "customers")
NOBODY = "none differed from the feed in the last 24 hours"


def record_mismatches(
    sessions: Sessions, *mismatches_found: Mismatch, app: str = "2.1.0", days_ago: int = 0, position: int = 77
) -> None:
    at = SystemClock().now() - dt.timedelta(days=days_ago)
    with sessions() as session, session.begin():
        mismatches.record(session, VerifyingDevice("R1", "D1", "2.1.0", position), mismatches_found, at)


def test_doctor_reports_nothing_without_mismatches(installed: Sessions, satchel: Satchel) -> None:
    assert "No replica differed from the feed in the last 7 days" in satchel("feed", "mismatches").output
    assert NOBODY in satchel("doctor").output


def test_the_steps_of_one_verification_are_one_line(installed: Sessions, satchel: Satchel) -> None:
    record_mismatches(installed, Mismatch(NW), Mismatch(("everyone", "products"), resynced=True))
    record_mismatches(installed, Mismatch(NW, stale=1, missing=2))
    record_mismatches(installed, Mismatch(NW, missing=3, surplus=1))
    listed = satchel("feed", "mismatches")
    assert listed.exit_code == 0
    lines = [line for line in listed.output.splitlines() if "R1" in line]
    assert len(lines) == 2
    assert any("territory:NW" in line and "1 stale, 5 missing, 1 surplus" in line for line in lines)
    assert any("products" in line and "the stream was downloaded again" in line for line in lines)
    assert all("2.1.0" in line and "77" in line for line in lines)
    assert "2 streams on 1 devices differed from the feed" in satchel("doctor").output


def test_old_mismatches_are_listed_on_request_and_cause_no_warning(
    installed: Sessions, satchel: Satchel
) -> None:
    record_mismatches(installed, Mismatch(NW, stale=1), days_ago=10)
    assert "No replica" in satchel("feed", "mismatches").output
    assert "1 stale" in satchel("feed", "mismatches", "--days", "20").output
    assert NOBODY in satchel("doctor").output


def test_mismatches_are_deleted_after_six_weeks(installed: Sessions) -> None:
    record_mismatches(installed, Mismatch(NW, stale=1), days_ago=43, position=1)
    record_mismatches(installed, Mismatch(NW, stale=1), days_ago=41, position=2)
    now = SystemClock().now()
    with installed() as session, session.begin():
        assert mismatches.purge(session, now) == 1
        assert [
            mismatch.position for mismatch in mismatches.since(session, now - dt.timedelta(days=99), 9)
        ] == [2]
