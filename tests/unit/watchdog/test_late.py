"""Which workers and duties are late: dead, stopped, hanging, or failing."""

import pytest
from sqlalchemy import func, select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.watchdog.heart import PROCESS, Heart, worker_name
from backend.watchdog.late import DOORBELL
from backend.watchdog.models import Heartbeat
from tests.unit.watchdog.conftest import WORKER, late_in

pytestmark = pytest.mark.both_dialects


def messages(sessions: Sessions, clock: ManualClock) -> list[str]:
    return [each.message for each in late_in(sessions, clock)]


def test_an_installation_without_a_worker_says_so(sessions: Sessions, clock: ManualClock) -> None:
    [late] = late_in(sessions, clock)
    assert (late.worker, late.duty) == ("", PROCESS)
    assert "no worker has run yet" in late.message
    assert "satchel serve" in late.advice


def test_a_worker_that_works_is_not_late(sessions: Sessions, clock: ManualClock, heart: Heart) -> None:
    heart.start()
    for _ in range(200):
        clock.advance(seconds=10)
        for name in ("forward-1", "ingest"):
            heart.duty(name).beat()
            heart.duty(name).succeeded(2)
        heart.write()
        assert messages(sessions, clock) == []


def test_a_killed_worker_is_late_after_two_minutes_and_its_duties_are_not_named(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.start()
    clock.advance(seconds=119)
    assert messages(sessions, clock) == []
    clock.advance(hours=2)
    [late] = late_in(sessions, clock)
    assert (late.worker, late.duty) == (WORKER, PROCESS)
    assert "does not respond since 2026-11-23 09:00:00 UTC" in late.message


def test_a_duty_that_hangs_is_late_although_its_process_lives(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.start()
    heart.duty("forward-1").beat()
    for _ in range(59):
        clock.advance(seconds=10)
        heart.duty("ingest").succeeded(20)
        heart.write()
        assert messages(sessions, clock) == []
    clock.advance(seconds=20)
    heart.duty("ingest").succeeded(20)
    heart.write()
    [late] = late_in(sessions, clock)
    assert (late.worker, late.duty) == (WORKER, "forward-1")
    assert late.message.startswith(f"sending to the ERP (forward-1 of {WORKER}) hangs since 2026-11-23 09:00")


def test_a_duty_that_never_began_is_late(sessions: Sessions, clock: ManualClock, heart: Heart) -> None:
    heart.start()
    heart.duty("maintenance")
    clock.advance(minutes=11)
    for name in ("forward-1", "ingest"):
        heart.duty(name).succeeded(2)
    heart.write()
    assert [late.duty for late in late_in(sessions, clock)] == ["maintenance"]


def test_a_duty_that_fails_every_round_is_late_with_its_error(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.start()
    for _ in range(61):
        heart.duty("ingest").beat()
        heart.duty("ingest").failed("KeyError: 'lines'", 10)
        heart.duty("forward-1").succeeded(10)
        clock.advance(seconds=10)
        heart.write()
    [late] = late_in(sessions, clock)
    assert late.message == (
        f"reading the ERP (ingest of {WORKER}) fails since 2026-11-23 09:00:00 UTC: KeyError: 'lines'"
    )
    heart.duty("ingest").succeeded(10)
    heart.write()
    assert late_in(sessions, clock) == []


def test_a_stopped_worker_is_missed_only_if_no_other_one_runs(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    other = Heart(sessions, clock, "node2:9")
    heart.start()
    other.start()
    heart.end()
    for _ in range(20):
        clock.advance(minutes=1)
        other.write()
        assert late_in(sessions, clock) == []
    other.end()
    clock.advance(minutes=1)
    assert late_in(sessions, clock) == []
    clock.advance(minutes=2)
    [late] = late_in(sessions, clock)
    assert (late.worker, late.duty) == ("", PROCESS)
    assert late.message.startswith("no worker runs since 2026-11-23 09:20")


def test_a_dead_worker_among_living_ones_is_named(sessions: Sessions, clock: ManualClock, heart: Heart) -> None:
    other = Heart(sessions, clock, "node2:9")
    heart.start()
    for _ in range(3):
        other.start()
        clock.advance(minutes=1)
    assert [late.worker for late in late_in(sessions, clock)] == [WORKER]


def test_a_worker_that_is_started_again_replaces_the_one_that_died(
    sessions: Sessions, clock: ManualClock
) -> None:
    died = Heart(sessions, clock)
    died.worker = worker_name(999_999_999)
    died.start()
    Heart(sessions, clock).start()
    with sessions() as session:
        workers = session.scalars(select(Heartbeat.worker)).all()
    assert workers == [Heart(sessions, clock).worker]


def test_a_worker_with_the_name_of_the_one_before_does_not_inherit_its_duties(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    """In a container every worker may be called `worker:1`."""
    heart.duty("forward-4")
    heart.part(DOORBELL)
    heart.start()
    clock.advance(minutes=30)
    Heart(sessions, clock, WORKER).start()
    assert late_in(sessions, clock) == []


def test_a_worker_of_another_machine_that_died_is_forgotten_after_a_day(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.start()
    other = Heart(sessions, clock, "node2:9")
    other.start()
    clock.advance(hours=23)
    other.write()
    assert [late.worker for late in late_in(sessions, clock)] == [WORKER]
    clock.advance(hours=2)
    other.write()
    assert late_in(sessions, clock) == []
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Heartbeat)) == 1
