"""What somebody has cancelled in the ERP is no second document beside the one that took its place."""

import pytest

from backend.delivery.erp_lookup import active_documents
from backend.delivery.followup.on_hold import follow_up
from backend.erp.records import ErpDocument
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.reconciliation.test_reconcile import forget_attempt, reconcile_now
from tests.unit.delivery.recording_erp import KINDS


def erp_document(id: str, state: str) -> ErpDocument:
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
def test_cancelled_documents_do_not_count_as_duplicates(
    states: list[str], bound: str | None, left: str
) -> None:
    hits = [erp_document(str(n), state) for n, state in enumerate(states)]
    assert "".join(hit.external_id for hit in active_documents(hits, bound)) == left


def test_an_order_that_was_sent_again_after_its_cancelling_is_not_doubled(inbox: InboxFixture) -> None:
    """As without the companion module: both carry the same reference."""
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.change(id, erp_id="2", erp_number="SO2")
    report = reconcile_now(inbox)
    assert (report.found, report.doubled, report.clean) == (1, 0, True)


def test_two_active_documents_are_a_duplicate(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.erp.by_hand(key=id)
    assert reconcile_now(inbox).doubled == 1


def test_an_accepted_order_that_was_cancelled_and_entered_again_differs(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    report = reconcile_now(inbox)
    assert (report.differing, report.doubled) == (1, 0)
    assert report.lines == [f"{id}: somebody has cancelled SO1 in the ERP and continues with SO2"]
    assert report.half_done == []


@pytest.mark.parametrize("through", ["reconcile", "forward"])
def test_an_unknown_outcome_adopts_the_active_document(inbox: InboxFixture, through: str) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    enter_again(inbox, id)
    forget_attempt(inbox, id)
    if through == "reconcile":
        assert reconcile_now(inbox).settled == 1
    else:
        inbox.forwarder().drain()
    assert (inbox.states(id), inbox.row(id).erp_id) == (["accepted"], "2")


def test_a_document_on_hold_follows_the_active_one(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "on_hold")
    inbox.forwarder().drain()
    enter_again(inbox, id)
    inbox.later(hours=1)
    follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)
    assert (inbox.states(id), inbox.row(id).erp_id) == (["accepted"], "2")
    assert inbox.bindings(id) == [("order", "2")]
