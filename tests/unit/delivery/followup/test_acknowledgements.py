"""Late answers to what was handed over."""

from collections.abc import Iterable

import pytest

from backend.delivery.followup.acknowledgements import Acknowledger
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Acknowledgement
from backend.failpoints import FailpointRaised
from backend.inbox.supersession import ancestors
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp


@pytest.fixture
def handed_over(inbox: InboxFixture) -> str:
    id = inbox.capture()
    inbox.erp.script("advance", "handed_over")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "handed_over"
    return id


def acknowledger(inbox: InboxFixture) -> Acknowledger:
    return Acknowledger(inbox.sessions, inbox.erp, inbox.clock)


def waiting(inbox: InboxFixture) -> list[str]:
    return [answer.token for answer in inbox.erp.acknowledgements()]


def test_an_acknowledgement_settles_what_was_handed_over(inbox: InboxFixture, handed_over: str) -> None:
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO77")
    assert acknowledger(inbox).settle_all() == 1
    assert inbox.record(handed_over)["state"] == "accepted"
    assert inbox.record(handed_over)["erp_number"] == "SO77"
    assert waiting(inbox) == []
    assert inbox.history(handed_over)[-1] == "accepted"


def test_a_refusal_by_the_erp_reaches_the_rep(inbox: InboxFixture, handed_over: str) -> None:
    inbox.erp.acknowledge("a1", handed_over, "rejected")
    acknowledger(inbox).settle_all()
    row = inbox.row(handed_over)
    assert (row.state, row.owner, row.reason) == ("rejected", "rep", "The ERP refused it")
    assert inbox.bindings(handed_over) == []


def test_a_corrected_copy_replaces_a_document_refused_by_the_erp(inbox: InboxFixture, handed_over: str) -> None:
    inbox.erp.acknowledge("a1", handed_over, "rejected")
    acknowledger(inbox).settle_all()
    with inbox.sessions() as session, session.begin():
        line = ancestors(session, "R1", "01KB0000000000000000000002", handed_over)
    assert line.fault is None and line.replaced == [handed_over]


@pytest.mark.parametrize("error", [ErpError(ErrorClass.TRANSIENT, "no such folder"), OSError("no such folder")])
def test_acknowledgements_that_cannot_be_read_are_logged_once_for_each_outage(
    inbox: InboxFixture, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Iterable[Acknowledgement]:
        raise error

    acknowledges = acknowledger(inbox)
    for outage in (1, 2):
        with monkeypatch.context() as patched:
            patched.setattr(inbox.erp, "acknowledgements", fail)
            for _ in range(3):
                assert acknowledges.settle_all() == 0
        assert sum("cannot be read" in record.getMessage() for record in caplog.records) == outage
        acknowledges.settle_all()


def test_an_acknowledgement_is_confirmed_after_the_commit_and_settles_once(
    inbox: InboxFixture, handed_over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO77")
    monkeypatch.setenv("SATCHEL_FAILPOINTS", "delivery.before_confirm=raise")
    with pytest.raises(FailpointRaised):
        acknowledger(inbox).settle_all()
    assert inbox.row(handed_over).state == "accepted" and waiting(inbox) == ["a1"]
    before = inbox.record(handed_over)
    monkeypatch.delenv("SATCHEL_FAILPOINTS")
    assert acknowledger(inbox).settle_all() == 0
    assert waiting(inbox) == [] and inbox.record(handed_over) == before


def test_an_acknowledgement_with_an_unknown_key_is_logged_once(
    inbox: InboxFixture, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.erp.acknowledge("a0", "01KAQ0000000000000000000AA", "accepted")
    inbox.erp.acknowledge("a1", handed_over, "accepted")
    acknowledgements = acknowledger(inbox)
    assert acknowledgements.settle_all() == 1
    acknowledgements.settle_all()
    assert waiting(inbox) == ["a0"]
    assert len([r for r in caplog.records if "not one of ours" in r.getMessage()]) == 1


def test_an_acknowledgement_waits_for_its_settlement(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.acknowledge("a1", id, "accepted", "SO5")
    assert acknowledger(inbox).settle_all() == 0
    assert inbox.row(id).state == "queued" and waiting(inbox) == ["a1"]


def test_an_acknowledgement_that_contradicts_a_final_state_goes_to_the_office(
    inbox: InboxFixture, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.change(handed_over, state="cancelled")
    inbox.erp.acknowledge("a1", handed_over, "accepted")
    acknowledger(inbox).settle_all()
    assert inbox.row(handed_over).state == "cancelled" and waiting(inbox) == ["a1"]
    assert "the office must check it" in caplog.text


def test_a_parked_document_that_the_erp_accepted_is_accepted(inbox: InboxFixture, handed_over: str) -> None:
    inbox.change(handed_over, state="parked")
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO9")
    assert acknowledger(inbox).settle_all() == 1
    assert inbox.row(handed_over).state == "accepted"


def test_an_impossible_acknowledgement_is_logged_once_and_the_others_are_settled(
    inbox: InboxFixture, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    on_hold = inbox.capture(customer="C2", state=State.ON_HOLD)
    inbox.erp.acknowledge("a0", on_hold, "handed_over")
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO7")
    acknowledgements = acknowledger(inbox)
    assert acknowledgements.settle_all() == 1
    acknowledgements.settle_all()
    assert inbox.states(on_hold, handed_over) == ["on_hold", "accepted"]
    assert waiting(inbox) == ["a0"]
    messages = [r.getMessage() for r in caplog.records if "acknowledgement a0" in r.getMessage()]
    assert len(messages) == 1 and "says handed_over" in messages[0]


def test_a_broken_acknowledgement_does_not_stop_the_others(
    inbox: InboxFixture, handed_over: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = inbox.capture(customer="C2", state=State.HANDED_OVER)
    inbox.erp.acknowledge("a0", other, "accepted", "SO6")
    inbox.erp.acknowledge("a1", handed_over, "accepted", "SO7")

    def confirm(token: str) -> None:
        if token == "a0":
            raise OSError("the archive is full")
        RecordingErp.confirm(inbox.erp, token)

    monkeypatch.setattr(inbox.erp, "confirm", confirm)
    acknowledgements = acknowledger(inbox)
    acknowledgements.settle_all()
    acknowledgements.settle_all()
    assert inbox.row(handed_over).state == "accepted" and waiting(inbox) == ["a0"]
    assert len([r for r in caplog.records if "the archive is full" in r.getMessage()]) == 1
