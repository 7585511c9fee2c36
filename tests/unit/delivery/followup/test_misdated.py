"""What became due years ahead, because this server's clock was wrong for a while, does not wait for years."""

import datetime as dt

from sqlalchemy import update

from backend.delivery.models import Breaker
from backend.watchdog.misdated import LONGEST_WAIT, make_misdated_due
from tests.unit.delivery.inbox_fixture import InboxFixture

YEARS = 3650


def test_a_document_tried_while_the_clock_was_ahead_is_sent_once_it_is_right(inbox: InboxFixture) -> None:
    inbox.later(days=YEARS)
    id = inbox.capture()
    inbox.erp.script("create", "down", "ok")
    inbox.forwarder().drain()
    inbox.later(days=-YEARS)
    assert inbox.forwarder().drain() == 0
    assert make_misdated_due(inbox.sessions, inbox.clock.now()) == 1
    inbox.forwarder().drain()
    assert inbox.states(id) == ["accepted"]
    assert inbox.erp.created(id) == 1


def test_the_erp_is_probed_once_the_clock_is_right(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "config", "ok")
    inbox.forwarder().drain()
    ahead = inbox.clock.now() + dt.timedelta(days=YEARS)
    with inbox.sessions() as session, session.begin():
        session.execute(update(Breaker).values(probe_at=ahead))
    assert not inbox.probe()
    make_misdated_due(inbox.sessions, inbox.clock.now())
    assert inbox.probe()
    inbox.later(hours=1)
    inbox.forwarder().drain()
    assert inbox.states(id) == ["accepted"]


def test_what_a_worker_held_when_it_died_is_taken_over_once_the_clock_is_right(inbox: InboxFixture) -> None:
    id = inbox.capture()
    far = inbox.clock.now() + dt.timedelta(days=YEARS)
    inbox.change(id, state="sending", lease_until=far, worker="w")
    assert make_misdated_due(inbox.sessions, inbox.clock.now()) == 1
    assert inbox.row(id).lease_until == inbox.clock.now()


def test_a_parked_document_is_checked_once_the_clock_is_right(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.change(id, state="parked", due_at=inbox.clock.now() + dt.timedelta(days=YEARS))
    assert make_misdated_due(inbox.sessions, inbox.clock.now()) == 1


def test_an_ordinary_wait_is_not_shortened(inbox: InboxFixture) -> None:
    id = inbox.capture()
    due = inbox.clock.now() + LONGEST_WAIT
    inbox.change(id, due_at=due)
    assert make_misdated_due(inbox.sessions, inbox.clock.now()) == 0
    assert inbox.row(id).due_at == due
