"""What the ERP has lost: one document is for the office, many are a restored backup and are sent again once."""

import datetime as dt

import pytest

from backend.delivery import sending_hold
from backend.delivery.reconciliation.data_loss import cancel_missing, handle_missing, resend_missing, resolve
from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.report import Report
from backend.identity import audit
from tests.conftest import MONDAY
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def sent(inbox: InboxFixture, count: int) -> list[str]:
    """Return the ids of *count* orders of as many customers that the ERP has accepted, a minute apart."""
    ids = []
    for n in range(count):
        ids.append(inbox.capture(customer=f"C{n}"))
        inbox.forwarder().drain()
        inbox.later(minutes=1)
    assert inbox.states(*ids) == ["accepted"] * count
    return ids


def look(inbox: InboxFixture) -> Report:
    report = reconcile(
        inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS, since=MONDAY - dt.timedelta(days=1)
    )
    handle_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    return report


def held(inbox: InboxFixture) -> sending_hold.Hold | None:
    with inbox.sessions() as session:
        return sending_hold.in_force(session)


def resume(inbox: InboxFixture, report: Report) -> int:
    """Do as `satchel delivery reconcile --resume` does, and forward."""
    again = resend_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    with inbox.sessions() as session, session.begin():
        for one in sending_hold.all_in_force(session):
            assert sending_hold.release(session, one, "user:test", inbox.clock.now(), report.counts())
    inbox.forwarder().drain()
    return again


def in_erp(inbox: InboxFixture, ids: list[str]) -> list[int]:
    """How many documents the ERP has of each, as it has executed them."""
    return [sum(e["event"] == "create" and e["key"] == id for e in inbox.erp.executed) for id in ids]


def test_a_document_that_somebody_deleted_in_the_erp_goes_to_the_office(inbox: InboxFixture) -> None:
    ids = sent(inbox, 5)
    inbox.erp.lose(ids[2])
    report = look(inbox)
    assert (report.sent, report.found, report.missing) == (5, 4, 1)
    assert held(inbox) is None
    row = inbox.row(ids[2])
    assert (row.state, row.owner, row.erp_id) == ("parked", "office", None)
    assert "no longer has it" in inbox.record(ids[2])["reason"]
    assert inbox.bindings(ids[2]) == [], "the ERP may give its id to another document"


def test_documents_scattered_among_others_that_are_there_are_no_restored_backup(inbox: InboxFixture) -> None:
    ids = sent(inbox, 9)
    inbox.erp.lose(ids[0], ids[4], ids[8])
    look(inbox)
    assert held(inbox) is None
    assert inbox.states(ids[0], ids[4], ids[8]) == ["parked"] * 3


def test_a_second_look_spares_what_was_only_invisible_for_a_moment(inbox: InboxFixture) -> None:
    ids = sent(inbox, 1)
    inbox.erp.script("find", "blind", "ok")
    assert look(inbox).missing == 1
    assert inbox.states(*ids) == ["accepted"]


def test_an_erp_put_back_to_a_backup_is_noticed_and_nothing_is_sent(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    ids = sent(inbox, 6)
    inbox.erp.lose(since=ids[2])
    report = look(inbox)
    found = held(inbox)
    assert report.missing == 4 and found is not None
    assert (
        "the ERP has lost documents" in found.message
        and "4 documents sent since 2026-11-23 09:02" in found.message
    )
    assert "a backup of it was probably restored" in caplog.text
    new = inbox.capture(customer="C9")
    assert inbox.forwarder().drain() == 0 and inbox.states(new) == ["queued"]
    assert inbox.states(*ids) == ["accepted"] * 6, "nothing is decided before somebody says so"


def test_what_it_has_lost_is_sent_again_exactly_once(inbox: InboxFixture) -> None:
    ids = sent(inbox, 6)
    inbox.erp.lose(since=ids[2])
    assert resume(inbox, look(inbox)) == 4
    assert in_erp(inbox, ids) == [1] * 6
    assert inbox.states(*ids) == ["accepted"] * 6
    assert inbox.row(ids[5]).erp_number == "SO6"
    assert inbox.history(ids[5])[-4:] == ["accepted", "unknown", "sending", "accepted"]
    again = look(inbox)
    assert (again.found, again.clean, held(inbox)) == (6, True, None)
    assert resume(inbox, again) == 0 and in_erp(inbox, ids) == [1] * 6


def test_what_was_sent_before_it_was_noticed_is_neither_doubled_nor_left_mixed_up(
    inbox: InboxFixture,
) -> None:
    """The restored ERP gives the numbers of lost documents to new ones, which contradicts our bindings."""
    ids = sent(inbox, 5)
    inbox.erp.lose(since=ids[1])
    new = inbox.capture(customer="C8")
    inbox.forwarder().drain()
    assert inbox.row(new).error_class == "duplicate_bad", "its id was the lost one's"
    report = look(inbox)
    assert held(inbox) is not None
    resume(inbox, report)
    assert inbox.states(*ids, new) == ["accepted"] * 6
    assert in_erp(inbox, [*ids, new]) == [1] * 6
    numbers = {inbox.row(id).erp_id for id in [*ids, new]}
    assert len(numbers) == 6


def test_sending_again_survives_a_worker_that_dies_after_it_created(inbox: InboxFixture) -> None:
    ids = sent(inbox, 3)
    inbox.erp.lose(since=ids[0])
    inbox.erp.script("create", "commit_then_timeout", "ok")
    resume(inbox, look(inbox))
    inbox.later(minutes=2)
    inbox.forwarder().drain()
    assert in_erp(inbox, ids) == [1] * 3 and inbox.states(*ids) == ["accepted"] * 3


def test_forecasts_sent_since_the_backup_are_set_again(inbox: InboxFixture) -> None:
    ids = sent(inbox, 3)
    forecast = inbox.capture(customer="C1")
    inbox.change(
        forecast, kind="forecast", state="accepted", last_sent_at=inbox.clock.now(), order_key="W1/2026-12"
    )
    inbox.erp.lose(since=ids[0])
    report = look(inbox)
    resend_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    assert inbox.states(*ids, forecast) == ["unknown"] * 4


def test_a_document_half_done_in_the_restored_erp_is_taken_on(inbox: InboxFixture) -> None:
    """The backup was taken between its creation and its confirmation."""
    ids = sent(inbox, 4)
    inbox.erp.lose(since=ids[1])
    inbox.erp._append(
        "executed.jsonl", {"event": "create", "kind": "order", "key": ids[1], "id": "2", "rep": "R1"}
    )
    report = look(inbox)
    assert (report.missing, report.differing, report.half_done) == (2, 1, [ids[1]])
    assert held(inbox) is None, "two alone are not many"
    with inbox.sessions() as session, session.begin():
        sending_hold.hold_for_erp_loss(session, inbox.erp.name, 2, MONDAY, inbox.clock.now())
    advanced = [step for step, key in inbox.erp.calls if key == ids[1]].count("advance")
    resume(inbox, report)
    assert inbox.states(ids[1]) == ["accepted"]
    assert [step for step, key in inbox.erp.calls if key == ids[1]].count("advance") == advanced + 1


def test_the_hold_is_in_the_audit_trail_from_its_beginning_to_its_end(inbox: InboxFixture) -> None:
    ids = sent(inbox, 3)
    inbox.erp.lose(since=ids[0])
    resume(inbox, look(inbox))
    with inbox.sessions() as session:
        trail = [(entry.action, entry.actor) for entry in audit.entries(session, subject="erp:recording")]
    assert trail == [("erp.released", "user:test"), ("erp.held", "server")]


def test_a_total_that_differs_is_told_and_left_alone(inbox: InboxFixture) -> None:
    [id] = sent(inbox, 1)
    for total, differing in (("28.50", 0), ("28.51", 0), ("30.00", 1)):
        inbox.erp.totals[id] = total
        report = look(inbox)
        assert (report.differing, report.found) == (differing, 1 - differing)
    assert "its total is 28.50 here and 30.00 in the ERP" in report.lines[0]
    assert inbox.states(id) == ["accepted"] and held(inbox) is None


def test_a_document_deleted_long_before_does_not_hide_a_backup_that_was_put_back(inbox: InboxFixture) -> None:
    ids = sent(inbox, 14)
    inbox.erp.lose(ids[0])
    inbox.erp.lose(since=ids[10])
    assert look(inbox).missing == 5
    found = held(inbox)
    assert found is not None and "4 documents sent since 2026-11-23 09:10" in found.message
    assert inbox.states(ids[0], *ids[10:]) == ["parked"] + ["accepted"] * 4, (
        "what was deleted is not sent again"
    )


def test_what_was_deleted_on_purpose_is_cancelled_and_not_sent_again(inbox: InboxFixture) -> None:
    ids = sent(inbox, 4)
    number = inbox.row(ids[1]).erp_number
    inbox.erp.lose(*ids)
    report = look(inbox)
    assert held(inbox) is not None
    with inbox.sessions() as session:
        with pytest.raises(ValueError, match="SO999 is none of the documents that the ERP has lost"):
            resolve(session, report, ["SO999"])
        spared = resolve(session, report, [ids[0], str(number)])
    assert spared == ids[:2], "by our id, or the ERP's number"
    assert cancel_missing(inbox.sessions, inbox.erp, spared, clock=inbox.clock, actor="user:anna") == 2
    assert resume(inbox, report) == 2
    assert inbox.states(*ids) == ["cancelled", "cancelled", "accepted", "accepted"]
    assert in_erp(inbox, ids) == [0, 0, 1, 1]
    record = inbox.record(ids[1])
    assert (record["decision"], record["erp_number"]) == ("cancelled", None)
    assert record["reason"] == f"It was deleted in the ERP, as {number}, and is not sent again"
    assert inbox.bindings(ids[1]) == []
    with inbox.sessions() as session:
        [entry] = audit.entries(session, subject=ids[1])
    assert (entry.actor, entry.action, entry.detail) == ("user:anna", "erp.not_sent_again", {"was": number})
