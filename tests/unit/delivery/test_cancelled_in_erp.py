"""What somebody has cancelled in the ERP is no second document beside the one that took its place."""

import pytest

from backend.delivery.erp_lookup import active_documents
from backend.delivery.followup.on_hold import follow_up
from backend.erp.records import ErpDocument
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS
from tests.unit.delivery.test_reconcile import ask, forget


def found(id: str, state: str) -> ErpDocument:
    return ErpDocument(id, f"SO{id}", state)


def enter_again(inbox: InboxFixture, id: str) -> None:
    """Cancel the ERP's first document and enter another under the same key, as a person there does."""
    inbox.erp.decide("1", "cancelled")
    inbox.erp.by_hand(key=id)
    inbox.erp.decide("2", "done")


@pytest.mark.parametrize(
    ("states", "bound", "left"),
    [
        ([], None, ""),
        (["done"], None, "0"),
        (["cancelled"], None, "0"),
        (["Cancelled", "done"], None, "1"),
        (["done", "cancel"], "1", "0"),
        (["done", "done"], None, "01"),
        (["void", "done", "done"], None, "12"),
        (["cancelled", "canceled"], None, "0"),
        (["cancelled", "canceled"], "1", "1"),
    ],
)
def test_what_counts(states: list[str], bound: str | None, left: str) -> None:
    hits = [found(str(n), state) for n, state in enumerate(states)]
    assert "".join(hit.external_id for hit in active_documents(hits, bound)) == left


def test_an_order_that_was_sent_again_after_its_cancelling_is_not_doubled(inbox: InboxFixture) -> None:
    """As without the companion module: both carry the same reference."""
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.change(id, erp_id="2", erp_number="SO2")
    report = ask(inbox)
    assert (report.found, report.doubled, report.clean) == (1, 0, True)


def test_two_that_live_are_doubled_whatever_else_was_cancelled(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.erp.by_hand(key=id)
    assert ask(inbox).doubled == 1


def test_an_accepted_order_that_was_cancelled_and_entered_again_differs(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    report = ask(inbox)
    assert (report.differing, report.doubled) == (1, 0)
    assert report.lines == [f"{id}: somebody has cancelled SO1 in the ERP and continues with SO2"]
    assert report.half_done == []


@pytest.mark.parametrize("through", ["reconcile", "forward"])
def test_what_was_forgotten_is_taken_for_the_one_that_lives(inbox: InboxFixture, through: str) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    forget(inbox, id)
    if through == "reconcile":
        assert ask(inbox).settled == 1
    else:
        inbox.forwarder().drain()
    assert (inbox.states(id), inbox.row(id).erp_id) == (["accepted"], "2")


def test_on_hold_the_one_that_lives_decides(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "on_hold")
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.later(hours=1)
    follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)
    assert (inbox.states(id), inbox.row(id).erp_id) == (["accepted"], "2")
    assert inbox.bindings(id) == [("order", "2")]
