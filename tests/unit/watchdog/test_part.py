"""A process that does one duty for a worker, as the doorbell process: late if it is dead, hangs or fails."""

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.watchdog.heart import Heart
from backend.watchdog.late import DOORBELL
from backend.watchdog.part import PartHeart
from tests.unit.watchdog.conftest import WORKER, late_in

pytestmark = pytest.mark.both_dialects


def pass_minutes(heart: Heart, clock: ManualClock, minutes: int) -> None:
    """Let time pass in which everything but the part beats."""
    clock.advance(minutes=minutes)
    for name in ("forward-1", "ingest"):
        heart.duty(name).beat()
    heart.write()


def test_a_part_that_never_started_is_late_although_its_worker_lives(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.part(DOORBELL)
    heart.start()
    pass_minutes(heart, clock, 9)
    assert late_in(sessions, clock) == []
    pass_minutes(heart, clock, 2)
    [late] = late_in(sessions, clock)
    assert "Redis (doorbell of node1:17) does not respond since 2026-11-23 09:00:00 UTC" in late.message
    assert "SATCHEL_REDIS_URL" in late.advice


def test_a_part_that_died_is_late_since_its_last_beat(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.part(DOORBELL)
    heart.start()
    pass_minutes(heart, clock, 5)
    part = PartHeart(sessions, clock, WORKER, DOORBELL)
    part.duty.beat()
    part.write()
    pass_minutes(heart, clock, 9)
    assert late_in(sessions, clock) == []
    pass_minutes(heart, clock, 2)
    [late] = late_in(sessions, clock)
    assert "does not respond since 2026-11-23 09:05:00 UTC" in late.message


def test_a_part_that_is_started_again_and_fails_again_has_failed_since_the_first_time(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.part(DOORBELL)
    heart.start()
    for minutes in (1, 5, 5):
        part = PartHeart(sessions, clock, WORKER, DOORBELL)
        part.duty.failed("Redis: connection refused", 60)
        part.write()
        pass_minutes(heart, clock, minutes)
    [late] = late_in(sessions, clock)
    assert late.message.endswith("fails since 2026-11-23 09:00:00 UTC: Redis: connection refused")
    part.duty.succeeded(30)
    part.write()
    assert late_in(sessions, clock) == []
    again = PartHeart(sessions, clock, WORKER, DOORBELL)
    again.write()
    assert again.duty.failing_since is None
