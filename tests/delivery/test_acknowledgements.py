"""Late answers to what was handed over."""

import pytest

from backend.delivery.followup.acknowledgements import Acknowledger
from backend.failpoints import FailpointRaised
from backend.inbox.supersession import ancestors
from sync_protocol.submission import State
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import LedgerErp


@pytest.fixture
def handed_over(desk: Desk) -> str:
    id = desk.capture()
    desk.erp.script("advance", "handed_over")
    desk.forwarder().drain()
    assert desk.row(id).state == "handed_over"
    return id


def acknowledger(desk: Desk) -> Acknowledger:
    return Acknowledger(desk.sessions, desk.erp, desk.clock)


def waiting(desk: Desk) -> list[str]:
    return [answer.token for answer in desk.erp.acknowledgements()]


def test_an_acknowledgement_settles_what_was_handed_over(desk: Desk, handed_over: str) -> None:
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO77")
    assert acknowledger(desk).settle_all() == 1
    assert desk.record(handed_over)["state"] == "accepted"
    assert desk.record(handed_over)["erp_number"] == "SO77"
    assert waiting(desk) == []
    assert desk.history(handed_over)[-1] == "accepted"


def test_a_refusal_comes_back_to_the_rep(desk: Desk, handed_over: str) -> None:
    desk.erp.acknowledge("a1", handed_over, "rejected")
    acknowledger(desk).settle_all()
    row = desk.row(handed_over)
    assert (row.state, row.owner, row.reason) == ("rejected", "rep", "The ERP refused it")
    assert desk.bindings(handed_over) == []


def test_a_corrected_copy_takes_the_place_of_what_the_erp_refused(desk: Desk, handed_over: str) -> None:
    desk.erp.acknowledge("a1", handed_over, "rejected")
    acknowledger(desk).settle_all()
    with desk.sessions() as session, session.begin():
        line = ancestors(session, "R1", "01KB0000000000000000000002", handed_over)
    assert line.fault is None and [row.id for row in line.replaced] == [handed_over]


def test_it_is_put_away_only_after_the_commit_and_repeating_it_changes_nothing(
    desk: Desk, handed_over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO77")
    monkeypatch.setenv("SATCHEL_FAILPOINTS", "delivery.before_confirm=raise")
    with pytest.raises(FailpointRaised):
        acknowledger(desk).settle_all()
    assert desk.row(handed_over).state == "accepted" and waiting(desk) == ["a1"]
    before = desk.record(handed_over)
    monkeypatch.delenv("SATCHEL_FAILPOINTS")
    assert acknowledger(desk).settle_all() == 0
    assert waiting(desk) == [] and desk.record(handed_over) == before


def test_an_unknown_key_is_told_once_and_left(
    desk: Desk, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.erp.acknowledge("a0", "01KAQ0000000000000000000AA", "accepted")
    desk.erp.acknowledge("a1", handed_over, "accepted")
    one = acknowledger(desk)
    assert one.settle_all() == 1
    one.settle_all()
    assert waiting(desk) == ["a0"]
    assert len([r for r in caplog.records if "not one of ours" in r.getMessage()]) == 1


def test_an_answer_that_overtakes_its_settlement_waits_for_it(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.acknowledge("a1", id, "accepted", "SO5")
    assert acknowledger(desk).settle_all() == 0
    assert desk.row(id).state == "queued" and waiting(desk) == ["a1"]


def test_an_answer_that_contradicts_a_final_state_is_left_for_the_office(
    desk: Desk, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.change(handed_over, state="cancelled")
    desk.erp.acknowledge("a1", handed_over, "accepted")
    acknowledger(desk).settle_all()
    assert desk.row(handed_over).state == "cancelled" and waiting(desk) == ["a1"]
    assert "the office must look" in caplog.text


def test_a_parked_document_that_the_erp_took_after_all_is_accepted(desk: Desk, handed_over: str) -> None:
    desk.change(handed_over, state="parked")
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO9")
    assert acknowledger(desk).settle_all() == 1
    assert desk.row(handed_over).state == "accepted"


def test_an_answer_that_its_document_cannot_follow_is_told_once_and_does_not_stop_the_others(
    desk: Desk, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    held = desk.capture(customer="C2", state=State.ON_HOLD)
    desk.erp.acknowledge("a0", held, "handed_over")
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO7")
    one = acknowledger(desk)
    assert one.settle_all() == 1
    one.settle_all()
    assert desk.states(held, handed_over) == ["on_hold", "accepted"]
    assert waiting(desk) == ["a0"]
    told = [r.getMessage() for r in caplog.records if "acknowledgement a0" in r.getMessage()]
    assert len(told) == 1 and "says handed_over" in told[0]


def test_whatever_is_wrong_with_one_answer_the_others_are_settled(
    desk: Desk, handed_over: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = desk.capture(customer="C2", state=State.HANDED_OVER)
    desk.erp.acknowledge("a0", other, "accepted", "SO6")
    desk.erp.acknowledge("a1", handed_over, "accepted", "SO7")

    def confirm(token: str) -> None:
        if token == "a0":
            raise OSError("the archive is full")
        LedgerErp.confirm(desk.erp, token)

    monkeypatch.setattr(desk.erp, "confirm", confirm)
    one = acknowledger(desk)
    one.settle_all()
    one.settle_all()
    assert desk.row(handed_over).state == "accepted" and waiting(desk) == ["a0"]
    assert len([r for r in caplog.records if "the archive is full" in r.getMessage()]) == 1
