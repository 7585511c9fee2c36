"""What is read when: parents first, an ERP that is away is left alone for a while."""

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.ingest.schedule import Schedule
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit


@pytest.fixture
def schedule(intake: Intake) -> Schedule:
    intake.erp.say("units", unit("a"), unit("b"), unit("c"))
    return Schedule(intake.sessions, intake.erp, intake.clock, intake.settings)


def reads(intake: Intake) -> list[str]:
    return [call for call in intake.erp.calls if call != "capabilities"]


def test_collections_are_read_in_the_connectors_order_and_swept_afterwards(
    intake: Intake, schedule: Schedule
) -> None:
    results = schedule.run_due()
    assert [r.collection for r in results] == ["units", "customers"]
    assert reads(intake) == ["read units", "read units", "read customers", "keys units", "keys customers"]


def test_collections_are_not_read_before_they_are_due(intake: Intake, schedule: Schedule) -> None:
    schedule.run_due()
    intake.erp.calls.clear()
    intake.clock.advance(seconds=59)
    assert schedule.run_due() == []
    intake.clock.advance(seconds=1)
    assert [r.collection for r in schedule.run_due()] == ["units", "customers"]
    assert reads(intake) == ["read units", "read customers"]


def test_deletions_are_looked_for_once_a_day(intake: Intake, schedule: Schedule) -> None:
    schedule.run_due()
    intake.erp.vanish("units", "b")
    intake.clock.advance(hours=23)
    schedule.run_due()
    assert intake.keys() == ["a", "b", "c"]
    intake.clock.advance(hours=1)
    schedule.run_due()
    assert intake.keys() == ["a", "c"]


@pytest.mark.parametrize("error_class", [ErrorClass.TRANSIENT, ErrorClass.CONFIG])
def test_an_unreachable_erp_is_called_once_a_round_with_growing_intervals(
    intake: Intake, schedule: Schedule, error_class: ErrorClass
) -> None:
    def away(call: str) -> None:
        if call != "capabilities":
            raise ErpError(error_class, "the ERP is closed for maintenance")

    intake.erp.before_answer = away
    assert [r.collection for r in schedule.run_due()] == ["units"]
    assert intake.watermark().failure == "the ERP is closed for maintenance"
    waits = []
    for _ in range(4):
        waited = 0
        while not schedule.run_due():
            intake.clock.advance(seconds=1)
            waited += 1
        waits.append(waited)
    assert waits == [5, 10, 20, 40]
    assert reads(intake) == ["read units"] * 5
    intake.erp.before_answer = lambda call: None
    intake.clock.advance(minutes=5)
    assert [r.complete for r in schedule.run_due()] == [True, True]


def test_one_collection_that_fails_does_not_stop_the_next(intake: Intake, schedule: Schedule) -> None:
    def poisoned(call: str) -> None:
        if call == "read units":
            raise ErpError(ErrorClass.UNKNOWN, "the answer was not understood")

    intake.erp.before_answer = poisoned
    assert [bool(r.failure) for r in schedule.run_due()] == [True, False]
    intake.erp.before_answer = lambda call: None
    intake.clock.advance(seconds=5)
    assert [r.collection for r in schedule.run_due()] == ["units"], "it is tried again before its usual time"


def test_an_erp_without_an_answer_on_its_capabilities_is_no_crash(
    intake: Intake, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    intake.erp.error = ErpError(ErrorClass.TRANSIENT, "no route to host")
    for _ in range(3):
        assert schedule.run_due() == []
        intake.clock.advance(seconds=10)
    assert caplog.text.count("no route to host") == 1


def test_a_second_outage_is_logged_too(
    intake: Intake, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    for outage in (1, 2):
        intake.erp.error = ErpError(ErrorClass.TRANSIENT, "no route to host")
        schedule.run_due()
        assert caplog.text.count("no route to host") == outage
        intake.erp.error = None
        intake.clock.advance(minutes=2)
        schedule.run_due()


def test_an_unknown_collection_is_logged_once(
    intake: Intake, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    intake.erp.collections = ("units", "unicorns", "freshness")
    for _ in range(2):
        schedule.run_due()
        intake.clock.advance(minutes=2)
    assert caplog.text.count("offers unicorns") == 1 and caplog.text.count("offers freshness") == 1
