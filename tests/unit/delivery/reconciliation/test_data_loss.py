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


def accepted_orders(inbox: InboxFixture, count: int) -> list[str]:
    """Return the ids of *count* orders of as many customers that the ERP has accepted, a minute apart."""
    ids = []
    for n in range(count):
        ids.append(inbox.capture(customer=f"C{n}"))
        inbox.forwarder().drain()
        inbox.later(minutes=1)
    assert inbox.states(*ids) == ["accepted"] * count
    return ids


def reconcile_and_handle(inbox: InboxFixture) -> Report:
    report = reconcile(
        inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS, since=MONDAY - dt.timedelta(days=1)
    )
    handle_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    return report


def hold_in_force(inbox: InboxFixture) -> sending_hold.Hold | None:
    with inbox.sessions() as session:
        return sending_hold.in_force(session)


def resume(inbox: InboxFixture, report: Report) -> int:
    """Do as `satchel delivery reconcile --resume` does, and forward."""
    sent_again = resend_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    with inbox.sessions() as session, session.begin():
        for hold in sending_hold.all_in_force(session):
            assert sending_hold.release(session, hold, "user:test", inbox.clock.now(), report.counts())
    inbox.forwarder().drain()
    return sent_again


def in_erp(inbox: InboxFixture, ids: list[str]) -> list[int]:
    """How many documents the ERP has of each, as it has executed them."""
    return [sum(e["event"] == "create" and e["key"] == id for e in inbox.erp.executed) for id in ids]


def test_a_document_deleted_in_the_erp_goes_to_the_office(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 5)
    inbox.erp.lose(ids[2])
    report = reconcile_and_handle(inbox)
    assert (report.sent, report.found, report.missing) == (5, 4, 1)
    assert hold_in_force(inbox) is None
    row = inbox.row(ids[2])
    assert (row.state, row.owner, row.erp_id) == ("parked", "office", None)
    assert "no longer has it" in inbox.record(ids[2])["reason"]
    assert inbox.bindings(ids[2]) == [], "the ERP may give its id to another document"


def test_scattered_missing_documents_are_no_restored_backup(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 9)
    inbox.erp.lose(ids[0], ids[4], ids[8])
    reconcile_and_handle(inbox)
    assert hold_in_force(inbox) is None
    assert inbox.states(ids[0], ids[4], ids[8]) == ["parked"] * 3


def test_a_second_lookup_spares_a_briefly_invisible_document(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 1)
    inbox.erp.script("find", "blind", "ok")
    assert reconcile_and_handle(inbox).missing == 1
    assert inbox.states(*ids) == ["accepted"]


def test_a_restored_erp_is_detected_and_sending_is_held(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    ids = accepted_orders(inbox, 6)
    inbox.erp.lose(since=ids[2])
    report = reconcile_and_handle(inbox)
    hold = hold_in_force(inbox)
    assert report.missing == 4 and hold is not None
    assert (
        "the ERP has lost documents" in hold.message
        and "4 documents sent since 2026-11-23 09:02" in hold.message
    )
    assert "a backup of it was probably restored" in caplog.text
    new = inbox.capture(customer="C9")
    assert inbox.forwarder().drain() == 0 and inbox.states(new) == ["queued"]
    assert inbox.states(*ids) == ["accepted"] * 6, "nothing is decided before somebody says so"


def test_lost_documents_are_sent_again_exactly_once(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 6)
    inbox.erp.lose(since=ids[2])
    assert resume(inbox, reconcile_and_handle(inbox)) == 4
    assert in_erp(inbox, ids) == [1] * 6
    assert inbox.states(*ids) == ["accepted"] * 6
    assert inbox.row(ids[5]).erp_number == "SO6"
    assert inbox.history(ids[5])[-4:] == ["accepted", "unknown", "sending", "accepted"]
    report = reconcile_and_handle(inbox)
    assert (report.found, report.clean, hold_in_force(inbox)) == (6, True, None)
    assert resume(inbox, report) == 0 and in_erp(inbox, ids) == [1] * 6


def test_documents_sent_before_the_detection_are_not_duplicated(
    inbox: InboxFixture,
) -> None:
    """The restored ERP gives the numbers of lost documents to new ones, which contradicts our bindings."""
    ids = accepted_orders(inbox, 5)
    inbox.erp.lose(since=ids[1])
    new = inbox.capture(customer="C8")
    inbox.forwarder().drain()
    assert inbox.row(new).error_class == "number_conflict", "its id was the lost one's"
    report = reconcile_and_handle(inbox)
    assert hold_in_force(inbox) is not None
    resume(inbox, report)
    assert inbox.states(*ids, new) == ["accepted"] * 6
    assert in_erp(inbox, [*ids, new]) == [1] * 6
    numbers = {inbox.row(id).erp_id for id in [*ids, new]}
    assert len(numbers) == 6


def test_sending_again_survives_a_worker_that_dies_after_it_created(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 3)
    inbox.erp.lose(since=ids[0])
    inbox.erp.script("create", "commit_then_timeout", "ok")
    resume(inbox, reconcile_and_handle(inbox))
    inbox.later(minutes=2)
    inbox.forwarder().drain()
    assert in_erp(inbox, ids) == [1] * 3 and inbox.states(*ids) == ["accepted"] * 3


def test_forecasts_sent_since_the_backup_are_set_again(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 3)
    forecast = inbox.capture(customer="C1")
    inbox.change(
        forecast, kind="forecast", state="accepted", last_sent_at=inbox.clock.now(), order_key="W1/2026-12"
    )
    inbox.erp.lose(since=ids[0])
    report = reconcile_and_handle(inbox)
    resend_missing(inbox.sessions, inbox.erp, report, clock=inbox.clock, kinds=KINDS)
    assert inbox.states(*ids, forecast) == ["unknown"] * 4


def test_a_draft_in_the_restored_erp_is_advanced(inbox: InboxFixture) -> None:
    """The backup was taken between its creation and its confirmation."""
    ids = accepted_orders(inbox, 4)
    inbox.erp.lose(since=ids[1])
    inbox.erp._append(
        "executed.jsonl", {"event": "create", "kind": "order", "key": ids[1], "id": "2", "rep": "R1"}
    )
    report = reconcile_and_handle(inbox)
    assert (report.missing, report.differing, report.half_done) == (2, 1, [ids[1]])
    assert hold_in_force(inbox) is None, "two alone are not many"
    with inbox.sessions() as session, session.begin():
        sending_hold.hold_for_erp_loss(session, inbox.erp.name, 2, MONDAY, inbox.clock.now())
    advanced = [step for step, key in inbox.erp.calls if key == ids[1]].count("advance")
    resume(inbox, report)
    assert inbox.states(ids[1]) == ["accepted"]
    assert [step for step, key in inbox.erp.calls if key == ids[1]].count("advance") == advanced + 1


def test_start_and_end_of_a_hold_are_audited(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 3)
    inbox.erp.lose(since=ids[0])
    resume(inbox, reconcile_and_handle(inbox))
    with inbox.sessions() as session:
        trail = [(entry.action, entry.actor) for entry in audit.entries(session, subject="erp:recording")]
    assert trail == [("erp.released", "user:test"), ("erp.held", "server")]


def test_a_different_total_is_reported_and_not_changed(inbox: InboxFixture) -> None:
    [id] = accepted_orders(inbox, 1)
    for total, differing in (("28.50", 0), ("28.51", 1), ("28.51", 0), ("30.00", 1), ("30.00", 1)):
        inbox.erp.totals[id] = total
        report = reconcile_and_handle(inbox)
        assert (report.differing, report.found) == (differing, 1 - differing)
    assert "Its total in the ERP is 30.00 EUR, and the rep was shown 28.50 EUR" in report.lines[0]
    assert inbox.states(id) == ["accepted"] and hold_in_force(inbox) is None


def test_an_older_deleted_document_does_not_hide_a_restored_backup(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 14)
    inbox.erp.lose(ids[0])
    inbox.erp.lose(since=ids[10])
    assert reconcile_and_handle(inbox).missing == 5
    hold = hold_in_force(inbox)
    assert hold is not None and "4 documents sent since 2026-11-23 09:10" in hold.message
    assert inbox.states(ids[0], *ids[10:]) == ["parked"] + ["accepted"] * 4, (
        "what was deleted is not sent again"
    )


def test_documents_deleted_on_purpose_are_cancelled_and_not_sent_again(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 4)
    number = inbox.row(ids[1]).erp_number
    inbox.erp.lose(*ids)
    report = reconcile_and_handle(inbox)
    assert hold_in_force(inbox) is not None
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
