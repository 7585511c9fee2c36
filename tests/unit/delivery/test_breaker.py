"""A wrong setting is one incident for the connector, not one for each document."""

import logging
import threading

import pytest

from backend.database.core import is_postgresql
from backend.delivery import breaker
from backend.erp.records import Health
from tests.databases import waiting_behind
from tests.eventually import SECONDS, eventually
from tests.unit.delivery.inbox_fixture import BACKOFF, InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.office.office_fixture import OfficeFixture


def test_a_configuration_error_stops_sending_and_costs_no_attempt(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(5)]
    inbox.erp.script("create", "config")
    assert inbox.forwarder().drain() == 1
    assert inbox.forwarder("w2").drain() == 0
    assert inbox.states(*ids) == ["queued"] * 5
    assert [inbox.row(id).tries for id in ids] == [0] * 5
    stopped = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(stopped) == 1 and "password has expired" in stopped[0].getMessage()
    assert inbox.breaker().incidents == 1 and inbox.breaker().raw == "401"


def test_two_workers_that_meet_the_same_wrong_setting_open_one_incident(inbox: InboxFixture) -> None:
    with inbox.sessions() as session, session.begin():
        assert breaker.trip(session, "recording", "one", "", now=inbox.clock.now(), backoff=BACKOFF)
    with inbox.sessions() as session, session.begin():
        assert not breaker.trip(session, "recording", "two", "", now=inbox.clock.now(), backoff=BACKOFF)
    assert (inbox.breaker().incidents, inbox.breaker().reason) == (1, "one")


def test_two_workers_that_meet_the_first_wrong_setting_at_once_both_settle(inbox: InboxFixture) -> None:
    ended: list[object] = []

    def second() -> None:
        try:
            with inbox.sessions() as session, session.begin():
                ended.append(
                    breaker.trip(session, "recording", "two", "", now=inbox.clock.now(), backoff=BACKOFF)
                )
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=second)
    with inbox.sessions() as session, session.begin():
        assert breaker.trip(session, "recording", "one", "", now=inbox.clock.now(), backoff=BACKOFF)
        thread.start()
        if is_postgresql(session):  # on SQLite the second cannot even begin
            eventually(lambda: waiting_behind(session) == 1, "the second waits")
    thread.join(SECONDS)
    assert ended == [False]
    assert (inbox.breaker().incidents, inbox.breaker().reason) == (1, "one")


def test_the_breaker_probes_with_check_and_never_with_a_document(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(2)]
    inbox.erp.script("create", "config", "ok")
    inbox.erp.script("check", "locked", "ok")
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["queued"] * 2, "no document finds out whether the ERP takes it by now"
    calls = len(inbox.erp.calls)
    assert not inbox.probe()
    assert len(inbox.erp.calls) == calls, "its time has not come"
    inbox.later(seconds=5)
    assert not inbox.probe()
    assert inbox.forwarder().drain() == 0
    assert not inbox.probe(), "the next probe has its own time"
    inbox.later(seconds=10)
    assert inbox.probe()
    assert inbox.erp.calls[calls:] == [["check", ""]] * 2
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["accepted"] * 2
    assert inbox.breaker().opened_at is None and inbox.breaker().closed_at is not None


def test_one_of_several_workers_probes(inbox: InboxFixture) -> None:
    inbox.capture()
    inbox.erp.script("create", "config")
    inbox.erp.script("check", "locked")
    inbox.forwarder().drain()
    inbox.later(seconds=5)
    before = len(inbox.erp.calls)
    assert [inbox.probe() for _ in range(3)] == [False] * 3
    assert len(inbox.erp.calls) == before + 1


def test_a_document_with_its_own_configuration_error_lets_others_go_first(inbox: InboxFixture) -> None:
    failing = inbox.capture()
    inbox.erp.script("create", "config", "config", "ok")
    inbox.forwarder().drain()
    inbox.later(seconds=5)
    assert inbox.probe()
    inbox.forwarder().drain()
    assert inbox.row(failing).due_at > inbox.clock.now()
    other = inbox.capture(customer="C2")
    inbox.later(seconds=5)
    assert inbox.probe()
    inbox.forward_one()
    assert inbox.row(other).state == "accepted"


def test_a_document_that_always_causes_a_configuration_error_is_parked(
    inbox: InboxFixture,
) -> None:
    failing = inbox.capture()
    inbox.erp.script("create", "config", "config", "config", "config", "ok")
    for _ in range(3):
        assert inbox.forwarder().drain() == 1, "each round is a worker of its own, as after a restart"
        assert inbox.row(failing).state == "queued"
        inbox.later(minutes=1)
        assert inbox.probe()
    other = inbox.capture(customer="C2")
    assert inbox.forwarder().drain() == 2
    assert inbox.states(failing, other) == ["parked", "accepted"]
    parked = inbox.row(failing)
    assert (parked.owner, parked.error_class) == ("it", "config")
    assert parked.raw_reason == "the account's password has expired\n401"
    assert inbox.record(failing)["reason"] == (
        "The ERP refuses it because of the settings of its connection; IT must correct them"
    )
    assert inbox.breaker().opened_at is None and inbox.breaker().incidents == 3


def test_a_wrong_setting_that_the_probe_sees_parks_nothing_however_long_it_lasts(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "config", "ok")
    inbox.erp.script("check", *["locked"] * 6, "ok")
    inbox.forwarder().drain()
    for _ in range(7):
        inbox.later(hours=1)
        inbox.probe()
        inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"


def test_a_slow_successful_probe_does_not_close_a_reopened_breaker(inbox: InboxFixture) -> None:
    """Its answer comes after another probe has closed the breaker and another document has opened it again."""

    def meanwhile() -> None:
        inbox.later(seconds=10)
        assert inbox.probe()
        with inbox.sessions() as session, session.begin():
            assert breaker.trip(session, "recording", "again", "", now=inbox.clock.now(), backoff=BACKOFF)

    class Slow(RecordingErp):
        def check(self) -> Health:
            meanwhile()
            return super().check()

    with inbox.sessions() as session, session.begin():
        breaker.trip(session, "recording", "first", "", now=inbox.clock.now(), backoff=BACKOFF)
    inbox.later(seconds=5)
    slow = Slow(inbox.erp.folder)
    assert not breaker.probe(inbox.sessions, slow, clock=inbox.clock, backoff=BACKOFF)
    assert (inbox.breaker().reason, inbox.breaker().incidents) == ("again", 2)
    assert inbox.breaker().opened_at is not None
    inbox.later(seconds=5)
    assert inbox.probe(), "its own probe closes it"


def test_a_retry_by_the_office_resets_the_count_of_configuration_errors(inbox: InboxFixture) -> None:
    """The connection was put right; an unrelated incident of later does not park the document at once."""
    failing = inbox.capture()
    inbox.erp.script("create", *["config"] * 5, "ok")
    for _ in range(4):
        inbox.forwarder().drain()
        inbox.later(minutes=1)
        inbox.probe()
    assert inbox.row(failing).state == "parked"
    OfficeFixture(inbox).act("retry", failing)
    inbox.later(minutes=1)
    assert inbox.forwarder().drain() == 1
    assert inbox.row(failing).state == "queued"
    assert inbox.breaker().opened_at is not None, "it is the connector's incident, and not the document's"
    inbox.later(minutes=1)
    assert inbox.probe()
    inbox.forwarder().drain()
    assert inbox.row(failing).state == "accepted"
