"""What may have been executed is asked about before it is sent again, and not before its time."""

import datetime as dt
from dataclasses import replace

import pytest

from backend.inbox.submissions import may_be_in_erp
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import LedgerErp


def test_the_erp_is_asked_for_our_key_before_anything_is_created(desk: Desk) -> None:
    id = desk.capture()
    desk.forwarder().drain()
    assert desk.erp.calls == [["find", id], ["create", id], ["advance", id]]


def test_a_document_that_is_there_already_is_taken_and_not_created(desk: Desk) -> None:
    """The tail of the database was lost after forwarding, and the phone pushed it again."""
    id = desk.capture()
    desk.erp._append("ledger.jsonl", {"event": "create", "kind": "order", "key": id, "id": "41"})
    desk.forwarder().drain()
    assert (desk.row(id).state, desk.row(id).erp_number) == ("accepted", "SO41")
    assert desk.erp.calls == [["find", id], ["advance", id]]


@pytest.mark.parametrize("mode", ["commit_then_timeout", "commit_then_garbage", "commit_then_hang:0.1"])
def test_an_answer_lost_after_the_erps_commit_is_found_and_not_repeated(desk: Desk, mode: str) -> None:
    id = desk.capture()
    desk.erp.script("create", mode, "ok")
    desk.forwarder().drain()
    assert desk.row(id).state == "unknown"
    desk.later(seconds=30)
    desk.forwarder().drain()
    assert desk.row(id).state == "accepted"
    assert desk.erp.created(id) == 1
    assert [step for step, _ in desk.erp.calls] == ["find", "create", "find", "advance"]


def test_unknown_rests_for_the_quiet_period_and_is_left_only_by_asking(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("create", "timeout", "ok")
    desk.forwarder().drain()
    assert desk.row(id).state == "unknown"
    desk.later(seconds=29)
    assert desk.forwarder().drain() == 0
    desk.later(seconds=1)
    desk.forwarder().drain()
    assert desk.row(id).state == "accepted"
    assert desk.attempts(id)[2:] == [("find", "none"), ("create", "created 1"), ("advance", "accepted")]


def test_a_call_that_may_still_run_is_not_repeated_however_early_the_look(desk: Desk) -> None:
    """Even if the row falls due early, nothing is created before the quiet period has passed."""
    id = desk.capture()
    desk.erp.script("create", "timeout", "ok")
    desk.forwarder().drain()
    desk.later(seconds=10)
    desk.change(id, due_at=desk.clock.now())
    desk.forwarder().drain()
    row = desk.row(id)
    assert row.state == "unknown" and (row.due_at - desk.clock.now()).total_seconds() == 20
    assert [step for step, _ in desk.erp.calls] == ["find", "create", "find"]


def test_where_the_erp_enforces_our_key_no_quiet_period_is_needed(desk: Desk) -> None:
    desk.erp.enforces_key = True
    id = desk.capture()
    desk.erp.script("create", "timeout", "ok")
    desk.forwarder().drain()
    assert desk.row(id).state == "unknown"
    desk.later(seconds=5)
    desk.forwarder().drain()
    assert desk.row(id).state == "accepted"
    assert desk.erp.created(id) == 1


def test_the_operators_quiet_period_wins_over_the_connectors(desk: Desk) -> None:
    desk.settings = replace(desk.settings, quiet_seconds=100.0)
    id = desk.capture()
    desk.erp.script("create", "timeout")
    desk.forwarder().drain()
    assert (desk.row(id).due_at - desk.clock.now()).total_seconds() == 100


def test_an_erp_that_is_away_while_an_outcome_is_open_leaves_it_unknown(desk: Desk) -> None:
    """Were it queued, the rep could replace it although the ERP may have it."""
    id = desk.capture()
    desk.erp.script("create", "commit_then_timeout")
    desk.forwarder().drain()
    desk.erp.script("find", "503", "ok")
    desk.later(seconds=31)
    desk.forwarder().drain()
    assert desk.row(id).state == "unknown"
    desk.later(seconds=20)
    desk.forwarder().drain()
    assert desk.row(id).state == "accepted"
    assert desk.erp.created(id) == 1


def test_a_refusal_of_the_second_try_clears_the_doubt(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("create", "timeout", "503", "ok")
    desk.forwarder().drain()
    desk.later(seconds=31)
    desk.forwarder().drain()
    row = desk.row(id)
    assert (row.state, row.last_sent_at) == ("queued", None)


def test_a_draft_left_by_a_broken_advance_is_advanced_and_not_created_again(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("advance", "timeout", "ok")
    desk.forwarder().drain()
    assert desk.row(id).state == "unknown"
    desk.later(seconds=31)
    desk.forwarder().drain()
    assert desk.row(id).state == "accepted"
    assert desk.erp.created(id) == 1


def test_the_attempt_is_on_disk_before_the_erp_is_called(desk: Desk) -> None:
    id = desk.capture()
    seen = []

    class Watching(LedgerErp):
        def create(self, document):
            seen.append((desk.attempts(id), desk.row(id).last_sent_at))
            return super().create(document)

    desk.forwarder(erp=Watching(desk.erp.folder)).drain()
    assert seen == [([("find", "none"), ("create", None)], desk.clock.now())]


def test_a_refusal_is_the_reps_only_when_no_earlier_call_can_be_executed_any_more(desk: Desk) -> None:
    """Else the rep could neither replace it, since the ERP may have it, nor would anybody ask again."""
    desk.erp.enforces_key = True
    id = desk.capture()
    desk.erp.script("create", "timeout", "refuse")
    desk.forwarder().drain()
    desk.later(seconds=5)
    desk.forwarder().drain()
    row = desk.row(id)
    assert (row.state, row.reason) == ("unknown", "the minimum quantity is 5")
    assert row.due_at - desk.clock.now() == dt.timedelta(seconds=25), "when the first call has certainly ended"
    desk.later(seconds=25)
    desk.forwarder().drain()
    row = desk.row(id)
    assert (row.state, row.owner, row.error_class) == ("rejected", "rep", "reject_rep")
    assert not may_be_in_erp(row), "an edited copy may take its place"


def test_a_refusal_of_what_the_erp_has_begun_is_for_the_office(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("advance", "refuse")
    desk.forwarder().drain()
    row = desk.row(id)
    assert (row.state, row.owner, row.error_class) == ("parked", "office", "reject_office")
    assert desk.record(id)["reason"] == "The ERP has begun it and refuses to go on: the minimum quantity is 5"
    assert row.erp_id and row.raw_reason == "E4711"
