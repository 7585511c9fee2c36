"""`satchel feed compact`: what it says before and after, and that a dry run deletes nothing."""

import datetime as dt

from sqlalchemy import func, select, update

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.feed import position_times
from backend.feed.models import FeedRow, PositionTime
from sync_protocol.change import Gone
from tests.unit.cli.conftest import Satchel
from tests.unit.sync.company import customer, say


def tombstones(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).where(FeedRow.body.is_(None))) or 0


def grow_old(sessions: Sessions, days: int) -> None:
    with sessions() as session, session.begin():
        position_times.record(session, SystemClock())
        session.execute(update(PositionTime).values(at=SystemClock().now() - dt.timedelta(days=days)))


def test_a_dry_run_lists_what_a_compaction_deletes(installed: Sessions, satchel: Satchel) -> None:
    say(installed, customer("C1", "NW"), customer("C2", "NW"), customer("C3", "SE"))
    say(installed, Gone("customers", "C1"), Gone("customers", "C2"), Gone("customers", "C3"))
    grow_old(installed, 100)
    dry = satchel("feed", "compact", "--dry-run")
    assert dry.exit_code == 0
    assert "territory:NW" in dry.output and "3 tombstones older than 90 days would be deleted" in dry.output
    assert tombstones(installed) == 3
    result = satchel("feed", "compact")
    assert result.exit_code == 0
    assert "3 tombstones older than 90 days were deleted" in result.output
    assert tombstones(installed) == 0


def test_compaction_says_why_nothing_is_deleted(installed: Sessions, satchel: Satchel) -> None:
    say(installed, customer("C1", "NW"))
    say(installed, Gone("customers", "C1"))
    young = satchel("feed", "compact")
    assert "the oldest recorded position is younger than 90 days" in young.output
    grow_old(installed, 10)
    assert "the oldest recorded position is younger than" in satchel("feed", "compact").output
    assert "1 tombstones" in satchel("feed", "compact", SATCHEL_TOMBSTONE_DAYS="10").output
    assert (
        "No tombstone older than 10 days can be deleted"
        in satchel("feed", "compact", SATCHEL_TOMBSTONE_DAYS="10").output
    )


def test_times_that_lie_ahead_are_reported_and_corrected_on_request(
    installed: Sessions, satchel: Satchel
) -> None:
    say(installed, customer("C1", "NW"))
    grow_old(installed, -3650)
    assert "lies ahead" in satchel("feed", "compact").output
    doctor = " ".join(satchel("doctor").output.split())
    assert "--correct-times" in doctor
    corrected = satchel("feed", "compact", "--correct-times").output
    assert "1 recorded times were set to now" in corrected and "lies ahead" not in corrected
