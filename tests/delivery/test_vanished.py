"""What the ERP has lost: one document is for the office, many are a restored backup and are sent again once."""

import datetime as dt

import pytest

from backend.delivery import sending_hold
from backend.delivery.reconciliation.data_loss import cancel_missing, handle_missing, resend_missing, resolve
from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.report import Report
from backend.identity import audit
from tests.conftest import MONDAY
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import KINDS


def sent(desk: Desk, count: int) -> list[str]:
    """Return the ids of *count* orders of as many customers that the ERP has accepted, a minute apart."""
    ids = []
    for n in range(count):
        ids.append(desk.capture(customer=f"C{n}"))
        desk.forwarder().drain()
        desk.later(minutes=1)
    assert desk.states(*ids) == ["accepted"] * count
    return ids


def look(desk: Desk) -> Report:
    report = reconcile(
        desk.sessions, desk.erp, clock=desk.clock, kinds=KINDS, since=MONDAY - dt.timedelta(days=1)
    )
    handle_missing(desk.sessions, desk.erp, report, clock=desk.clock, kinds=KINDS)
    return report


def held(desk: Desk) -> sending_hold.Hold | None:
    with desk.sessions() as session:
        return sending_hold.in_force(session)


def resume(desk: Desk, report: Report) -> int:
    """Do as `satchel delivery reconcile --resume` does, and forward."""
    again = resend_missing(desk.sessions, desk.erp, report, clock=desk.clock, kinds=KINDS)
    with desk.sessions() as session, session.begin():
        for one in sending_hold.all_in_force(session):
            assert sending_hold.release(session, one, "user:test", desk.clock.now(), report.counts())
    desk.forwarder().drain()
    return again


def in_erp(desk: Desk, ids: list[str]) -> list[int]:
    """How many documents the ERP has of each, as its ledger stands."""
    return [sum(e["event"] == "create" and e["key"] == id for e in desk.erp.ledger) for id in ids]


def test_a_document_that_somebody_deleted_in_the_erp_goes_to_the_office(desk: Desk) -> None:
    ids = sent(desk, 5)
    desk.erp.lose(ids[2])
    report = look(desk)
    assert (report.sent, report.found, report.missing) == (5, 4, 1)
    assert held(desk) is None
    row = desk.row(ids[2])
    assert (row.state, row.owner, row.erp_id) == ("parked", "office", None)
    assert "does not have it any more" in desk.record(ids[2])["reason"]
    assert desk.bindings(ids[2]) == [], "the ERP may give its id to another document"


def test_documents_scattered_among_others_that_are_there_are_no_restored_backup(desk: Desk) -> None:
    ids = sent(desk, 9)
    desk.erp.lose(ids[0], ids[4], ids[8])
    look(desk)
    assert held(desk) is None
    assert desk.states(ids[0], ids[4], ids[8]) == ["parked"] * 3


def test_a_second_look_spares_what_was_only_invisible_for_a_moment(desk: Desk) -> None:
    ids = sent(desk, 1)
    desk.erp.script("find", "blind", "ok")
    assert look(desk).missing == 1
    assert desk.states(*ids) == ["accepted"]


def test_an_erp_put_back_to_a_backup_is_noticed_and_nothing_is_sent(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    ids = sent(desk, 6)
    desk.erp.lose(since=ids[2])
    report = look(desk)
    found = held(desk)
    assert report.missing == 4 and found is not None
    assert (
        "the ERP has lost documents" in found.message
        and "4 documents sent since 2026-11-23 09:02" in found.message
    )
    assert "a backup of it was probably put back" in caplog.text
    new = desk.capture(customer="C9")
    assert desk.forwarder().drain() == 0 and desk.states(new) == ["queued"]
    assert desk.states(*ids) == ["accepted"] * 6, "nothing is decided before somebody says so"


def test_what_it_has_lost_is_sent_again_exactly_once(desk: Desk) -> None:
    ids = sent(desk, 6)
    desk.erp.lose(since=ids[2])
    assert resume(desk, look(desk)) == 4
    assert in_erp(desk, ids) == [1] * 6
    assert desk.states(*ids) == ["accepted"] * 6
    assert desk.row(ids[5]).erp_number == "SO6"
    assert desk.history(ids[5])[-4:] == ["accepted", "unknown", "sending", "accepted"]
    again = look(desk)
    assert (again.found, again.clean, held(desk)) == (6, True, None)
    assert resume(desk, again) == 0 and in_erp(desk, ids) == [1] * 6


def test_what_was_sent_before_it_was_noticed_is_neither_doubled_nor_left_mixed_up(
    desk: Desk,
) -> None:
    """The restored ERP gives the numbers of lost documents to new ones, which contradicts our bindings."""
    ids = sent(desk, 5)
    desk.erp.lose(since=ids[1])
    new = desk.capture(customer="C8")
    desk.forwarder().drain()
    assert desk.row(new).error_class == "duplicate_bad", "its id was the lost one's"
    report = look(desk)
    assert held(desk) is not None
    resume(desk, report)
    assert desk.states(*ids, new) == ["accepted"] * 6
    assert in_erp(desk, [*ids, new]) == [1] * 6
    numbers = {desk.row(id).erp_id for id in [*ids, new]}
    assert len(numbers) == 6


def test_sending_again_survives_a_worker_that_dies_after_it_created(desk: Desk) -> None:
    ids = sent(desk, 3)
    desk.erp.lose(since=ids[0])
    desk.erp.script("create", "commit_then_timeout", "ok")
    resume(desk, look(desk))
    desk.later(minutes=2)
    desk.forwarder().drain()
    assert in_erp(desk, ids) == [1] * 3 and desk.states(*ids) == ["accepted"] * 3


def test_forecasts_sent_since_the_backup_are_set_again(desk: Desk) -> None:
    ids = sent(desk, 3)
    forecast = desk.capture(customer="C1")
    desk.change(
        forecast, kind="forecast", state="accepted", last_sent_at=desk.clock.now(), order_key="W1/2026-12"
    )
    desk.erp.lose(since=ids[0])
    report = look(desk)
    resend_missing(desk.sessions, desk.erp, report, clock=desk.clock, kinds=KINDS)
    assert desk.states(*ids, forecast) == ["unknown"] * 4


def test_a_document_half_done_in_the_restored_erp_is_taken_on(desk: Desk) -> None:
    """The backup was taken between its creation and its confirmation."""
    ids = sent(desk, 4)
    desk.erp.lose(since=ids[1])
    desk.erp._append(
        "ledger.jsonl", {"event": "create", "kind": "order", "key": ids[1], "id": "2", "rep": "R1"}
    )
    report = look(desk)
    assert (report.missing, report.differing, report.half_done) == (2, 1, [ids[1]])
    assert held(desk) is None, "two alone are not many"
    with desk.sessions() as session, session.begin():
        sending_hold.hold_for_erp_loss(session, desk.erp.name, 2, MONDAY, desk.clock.now())
    advanced = [step for step, key in desk.erp.calls if key == ids[1]].count("advance")
    resume(desk, report)
    assert desk.states(ids[1]) == ["accepted"]
    assert [step for step, key in desk.erp.calls if key == ids[1]].count("advance") == advanced + 1


def test_the_hold_is_in_the_audit_trail_from_its_beginning_to_its_end(desk: Desk) -> None:
    ids = sent(desk, 3)
    desk.erp.lose(since=ids[0])
    resume(desk, look(desk))
    with desk.sessions() as session:
        trail = [(entry.action, entry.actor) for entry in audit.entries(session, subject="erp:ledger")]
    assert trail == [("erp.released", "user:test"), ("erp.held", "server")]


def test_a_total_that_differs_is_told_and_left_alone(desk: Desk) -> None:
    [id] = sent(desk, 1)
    for total, differing in (("28.50", 0), ("28.51", 0), ("30.00", 1)):
        desk.erp.totals[id] = total
        report = look(desk)
        assert (report.differing, report.found) == (differing, 1 - differing)
    assert "it comes to 28.50 here and to 30.00 in the ERP" in report.lines[0]
    assert desk.states(id) == ["accepted"] and held(desk) is None


def test_a_document_deleted_long_before_does_not_hide_a_backup_that_was_put_back(desk: Desk) -> None:
    ids = sent(desk, 14)
    desk.erp.lose(ids[0])
    desk.erp.lose(since=ids[10])
    assert look(desk).missing == 5
    found = held(desk)
    assert found is not None and "4 documents sent since 2026-11-23 09:10" in found.message
    assert desk.states(ids[0], *ids[10:]) == ["parked"] + ["accepted"] * 4, "what was deleted is not sent again"


def test_what_was_deleted_on_purpose_is_cancelled_and_not_sent_again(desk: Desk) -> None:
    ids = sent(desk, 4)
    number = desk.row(ids[1]).erp_number
    desk.erp.lose(*ids)
    report = look(desk)
    assert held(desk) is not None
    with desk.sessions() as session:
        with pytest.raises(ValueError, match="SO999 is none of the documents that the ERP has lost"):
            resolve(session, report, ["SO999"])
        spared = resolve(session, report, [ids[0], str(number)])
    assert spared == ids[:2], "by our id, or the ERP's number"
    assert cancel_missing(desk.sessions, desk.erp, spared, clock=desk.clock, actor="user:anna") == 2
    assert resume(desk, report) == 2
    assert desk.states(*ids) == ["cancelled", "cancelled", "accepted", "accepted"]
    assert in_erp(desk, ids) == [0, 0, 1, 1]
    record = desk.record(ids[1])
    assert (record["decision"], record["erp_number"]) == ("cancelled", None)
    assert record["reason"] == f"It was deleted in the ERP, as {number}, and is not sent again"
    assert desk.bindings(ids[1]) == []
    with desk.sessions() as session:
        [entry] = audit.entries(session, subject=ids[1])
    assert (entry.actor, entry.action, entry.detail) == ("user:anna", "erp.not_sent_again", {"was": number})
