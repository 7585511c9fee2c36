"""A wrong setting is one incident for the connector, not one for each document."""

import logging
import threading

import pytest
from sqlalchemy import text

from backend.database.core import is_postgresql
from backend.delivery import breaker
from backend.erp.records import Health
from tests.delivery.desk import BACKOFF, Desk, eventually
from tests.delivery.ledger_erp import LedgerErp
from tests.delivery.office_at_work import AtWork


def test_a_wrong_setting_stops_everything_once_and_costs_no_try(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [desk.capture(customer=f"C{n}") for n in range(5)]
    desk.erp.script("create", "config")
    assert desk.forwarder().drain() == 1
    assert desk.forwarder("w2").drain() == 0
    assert desk.states(*ids) == ["queued"] * 5
    assert [desk.row(id).tries for id in ids] == [0] * 5
    stopped = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(stopped) == 1 and "password has expired" in stopped[0].getMessage()
    assert desk.breaker().incidents == 1 and desk.breaker().raw == "401"


def test_two_workers_that_meet_the_same_wrong_setting_open_one_incident(desk: Desk) -> None:
    with desk.sessions() as session, session.begin():
        assert breaker.trip(session, "ledger", "one", "", now=desk.clock.now(), backoff=BACKOFF)
    with desk.sessions() as session, session.begin():
        assert not breaker.trip(session, "ledger", "two", "", now=desk.clock.now(), backoff=BACKOFF)
    assert (desk.breaker().incidents, desk.breaker().reason) == (1, "one")


def test_two_workers_that_meet_the_first_wrong_setting_at_once_both_settle(desk: Desk) -> None:
    ended: list[object] = []

    def second() -> None:
        try:
            with desk.sessions() as session, session.begin():
                ended.append(breaker.trip(session, "ledger", "two", "", now=desk.clock.now(), backoff=BACKOFF))
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=second)
    with desk.sessions() as session, session.begin():
        assert breaker.trip(session, "ledger", "one", "", now=desk.clock.now(), backoff=BACKOFF)
        thread.start()
        if is_postgresql(session):  # on SQLite the second cannot even begin
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            eventually(lambda: session.scalar(waits) == 1, seconds=10)
    thread.join(30)
    assert ended == [False]
    assert (desk.breaker().incidents, desk.breaker().reason) == (1, "one")


def test_it_is_probed_with_check_and_never_with_a_document(desk: Desk) -> None:
    ids = [desk.capture(customer=f"C{n}") for n in range(2)]
    desk.erp.script("create", "config", "ok")
    desk.erp.script("check", "locked", "ok")
    desk.forwarder().drain()
    assert desk.states(*ids) == ["queued"] * 2, "no document finds out whether the ERP takes it by now"
    calls = len(desk.erp.calls)
    assert not desk.probe()
    assert len(desk.erp.calls) == calls, "its time has not come"
    desk.later(seconds=5)
    assert not desk.probe()
    assert desk.forwarder().drain() == 0
    assert not desk.probe(), "the next probe has its own time"
    desk.later(seconds=10)
    assert desk.probe()
    assert desk.erp.calls[calls:] == [["check", ""]] * 2
    desk.forwarder().drain()
    assert desk.states(*ids) == ["accepted"] * 2
    assert desk.breaker().opened_at is None and desk.breaker().closed_at is not None


def test_one_of_several_workers_probes(desk: Desk) -> None:
    desk.capture()
    desk.erp.script("create", "config")
    desk.erp.script("check", "locked")
    desk.forwarder().drain()
    desk.later(seconds=5)
    before = len(desk.erp.calls)
    assert [desk.probe() for _ in range(3)] == [False] * 3
    assert len(desk.erp.calls) == before + 1


def test_a_document_that_alone_meets_a_wrong_setting_lets_the_others_go_first(desk: Desk) -> None:
    bad = desk.capture()
    desk.erp.script("create", "config", "config", "ok")
    desk.forwarder().drain()
    desk.later(seconds=5)
    assert desk.probe()
    desk.forwarder().drain()
    assert desk.row(bad).due_at > desk.clock.now()
    good = desk.capture(customer="C2")
    desk.later(seconds=5)
    assert desk.probe()
    desk.forward_one()
    assert desk.row(good).state == "accepted"


def test_a_document_that_always_meets_a_wrong_setting_is_parked_and_the_others_go_on(desk: Desk) -> None:
    bad = desk.capture()
    desk.erp.script("create", "config", "config", "config", "config", "ok")
    for _ in range(3):
        assert desk.forwarder().drain() == 1, "each round is a worker of its own, as after a restart"
        assert desk.row(bad).state == "queued"
        desk.later(minutes=1)
        assert desk.probe()
    good = desk.capture(customer="C2")
    assert desk.forwarder().drain() == 2
    assert desk.states(bad, good) == ["parked", "accepted"]
    parked = desk.row(bad)
    assert (parked.owner, parked.error_class, parked.raw_reason) == ("it", "config", "401")
    assert desk.record(bad)["reason"] == (
        "The connection to the ERP works, but its settings do not fit this document: "
        "the account's password has expired"
    )
    assert desk.breaker().opened_at is None and desk.breaker().incidents == 3


def test_a_wrong_setting_that_the_probe_sees_parks_nothing_however_long_it_lasts(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("create", "config", "ok")
    desk.erp.script("check", *["locked"] * 6, "ok")
    desk.forwarder().drain()
    for _ in range(7):
        desk.later(hours=1)
        desk.probe()
        desk.forwarder().drain()
    assert desk.row(id).state == "accepted"


def test_a_slow_good_probe_does_not_close_what_has_opened_again_since(desk: Desk) -> None:
    """Its answer comes after another probe has closed the breaker and another document has opened it again."""

    def meanwhile() -> None:
        desk.later(seconds=10)
        assert desk.probe()
        with desk.sessions() as session, session.begin():
            assert breaker.trip(session, "ledger", "again", "", now=desk.clock.now(), backoff=BACKOFF)

    class Slow(LedgerErp):
        def check(self) -> Health:
            meanwhile()
            return super().check()

    with desk.sessions() as session, session.begin():
        breaker.trip(session, "ledger", "first", "", now=desk.clock.now(), backoff=BACKOFF)
    desk.later(seconds=5)
    slow = Slow(desk.erp.folder)
    assert not breaker.probe(desk.sessions, slow, clock=desk.clock, backoff=BACKOFF)
    assert (desk.breaker().reason, desk.breaker().incidents) == ("again", 2)
    assert desk.breaker().opened_at is not None
    desk.later(seconds=5)
    assert desk.probe(), "its own probe closes it"


def test_what_the_office_sends_again_begins_anew_with_wrong_settings(desk: Desk) -> None:
    """The connection was put right; an unrelated incident of later does not park the document at once."""
    bad = desk.capture()
    desk.erp.script("create", *["config"] * 5, "ok")
    for _ in range(4):
        desk.forwarder().drain()
        desk.later(minutes=1)
        desk.probe()
    assert desk.row(bad).state == "parked"
    AtWork(desk).office.retry(bad, "anna")
    desk.later(minutes=1)
    assert desk.forwarder().drain() == 1
    assert desk.row(bad).state == "queued"
    assert desk.breaker().opened_at is not None, "it is the connector's incident, and not the document's"
    desk.later(minutes=1)
    assert desk.probe()
    desk.forwarder().drain()
    assert desk.row(bad).state == "accepted"
