"""`satchel feed mismatches`, and what `satchel doctor` says of them."""

import datetime as dt

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.feed import mismatches
from backend.feed.mismatches import Mismatch, VerifyingDevice
from tests.unit.cli.conftest import Satchel

NW = ("territory:NW", "customers")
NOBODY = "none differed from the feed in the last 24 hours"


def note(
    sessions: Sessions, *found: Mismatch, app: str = "2.1.0", days_ago: int = 0, position: int = 77
) -> None:
    at = SystemClock().now() - dt.timedelta(days=days_ago)
    with sessions() as session, session.begin():
        mismatches.record(session, VerifyingDevice("R1", "D1", "2.1.0", position), found, at)


def test_nothing_is_said_where_nothing_differed(installed: Sessions, satchel: Satchel) -> None:
    assert "No replica differed from the feed in the last 7 days" in satchel("feed", "mismatches").output
    assert NOBODY in satchel("doctor").output


def test_the_steps_of_one_verification_are_one_line(installed: Sessions, satchel: Satchel) -> None:
    note(installed, Mismatch(NW), Mismatch(("everyone", "products"), resynced=True))
    note(installed, Mismatch(NW, stale=1, missing=2))
    note(installed, Mismatch(NW, missing=3, surplus=1))
    listed = satchel("feed", "mismatches")
    assert listed.exit_code == 0
    lines = [line for line in listed.output.splitlines() if "R1" in line]
    assert len(lines) == 2
    assert any("territory:NW" in line and "1 stale, 5 missing, 1 surplus" in line for line in lines)
    assert any("products" in line and "the stream was downloaded again" in line for line in lines)
    assert all("2.1.0" in line and "77" in line for line in lines)
    assert "2 streams on 1 devices differed from the feed" in satchel("doctor").output


def test_old_ones_are_listed_when_asked_for_and_worry_nobody(installed: Sessions, satchel: Satchel) -> None:
    note(installed, Mismatch(NW, stale=1), days_ago=10)
    assert "No replica" in satchel("feed", "mismatches").output
    assert "1 stale" in satchel("feed", "mismatches", "--days", "20").output
    assert NOBODY in satchel("doctor").output


def test_after_six_weeks_they_are_forgotten(installed: Sessions) -> None:
    note(installed, Mismatch(NW, stale=1), days_ago=43, position=1)
    note(installed, Mismatch(NW, stale=1), days_ago=41, position=2)
    now = SystemClock().now()
    with installed() as session, session.begin():
        assert mismatches.purge(session, now) == 1
        assert [one.position for one in mismatches.since(session, now - dt.timedelta(days=99), 9)] == [2]
