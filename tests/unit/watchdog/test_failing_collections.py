"""A collection that fails for long reaches the operator by the alerts that exist, once for each incident."""

import datetime as dt
import json

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.ingest import watermarks
from backend.settings import read_settings
from backend.watchdog.alerts import send_late_alerts
from backend.watchdog.heart import Heart
from tests.unit.watchdog.test_late_alerts import Recorder

pytestmark = pytest.mark.both_dialects

SETTINGS = read_settings({"SATCHEL_COLLECTION_LATE_SECONDS": "3600", "SATCHEL_SWEEP_SECONDS": "86400"})
REASON = "export 20261123T090000Z: customers.csv differs from its manifest"


def look(sessions: Sessions, clock: ManualClock, heart: Heart, recorder: Recorder) -> None:
    for name in ("forward-1", "ingest"):
        heart.duty(name).succeeded(2)
    heart.start()
    send_late_alerts(sessions, [recorder], clock, SETTINGS)


def fail(sessions: Sessions, clock: ManualClock) -> None:
    with sessions() as session, session.begin():
        watermarks.fail(session, "flatfile", "customers", REASON, clock.now())


def succeed(sessions: Sessions, clock: ManualClock) -> None:
    with sessions() as session, session.begin():
        watermarks.ensure(session, "flatfile", "customers")
        watermarks.read_to_the_end(session, "flatfile", "customers", clock.now(), all_of_it=True)


def test_a_collection_that_fails_for_an_hour_causes_one_message(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    for _ in range(30):
        fail(sessions, clock)
        look(sessions, clock, heart, recorder)
        clock.advance(minutes=10)
    [message] = recorder.messages
    assert message.owner == "it"
    assert message.subject.startswith(
        "Satchel: reading customers from flatfile fails since 2026-11-23 09:00 UTC"
    )
    assert REASON in message.text(clock.now()) and "satchel ingest" in message.text(clock.now())
    [late] = json.loads(message.as_json(clock.now()))["late"]
    assert (late["worker"], late["duty"]) == ("", "ingest:customers")


def test_a_failure_that_ends_in_time_causes_none_and_the_next_one_another(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    fail(sessions, clock)
    clock.advance(minutes=59)
    look(sessions, clock, heart, recorder)
    succeed(sessions, clock)
    clock.advance(hours=5)
    look(sessions, clock, heart, recorder)
    assert recorder.messages == []
    for _ in range(2):
        fail(sessions, clock)
        clock.advance(hours=2)
        look(sessions, clock, heart, recorder)
        succeed(sessions, clock)
    assert len(recorder.messages) == 2


def test_deletions_that_cannot_be_found_for_long_cause_a_message(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    succeed(sessions, clock)
    with sessions() as session, session.begin():
        watermarks.swept(session, "flatfile", "customers", clock.now())
    clock.advance(days=1)
    with sessions() as session, session.begin():
        watermarks.sweep_failed(session, "flatfile", "customers", "3 of 4 records would be deleted")
    look(sessions, clock, heart, recorder)
    assert recorder.messages == []
    clock.advance(hours=2)
    look(sessions, clock, heart, recorder)
    look(sessions, clock, heart, recorder)
    [message] = recorder.messages
    assert "no deletions of customers were found since" in message.subject


def test_a_failure_that_began_while_the_clock_was_ahead_is_not_silent(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    clock.advance(days=3650)
    fail(sessions, clock)
    clock.advance(days=-3650)
    look(sessions, clock, heart, recorder)
    assert len(recorder.messages) == 1
    fail(sessions, clock)
    with sessions() as session:
        assert watermarks.ensure(session, "flatfile", "customers").failing_since == clock.now()


def test_a_heartbeat_of_tomorrow_is_no_sign_of_life(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    clock.advance(days=3650)
    heart.start()
    clock.advance(days=-3650)
    assert clock.now() < dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    send_late_alerts(sessions, [recorder], clock, SETTINGS)
    [message] = recorder.messages
    assert "does not respond" in message.subject
