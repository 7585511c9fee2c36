"""What may have been executed is asked about before it is sent again, and not before its time."""

import datetime as dt
from dataclasses import replace

import pytest

from backend.inbox.submissions import may_be_in_erp
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp


def test_our_key_is_looked_up_before_a_document_is_created(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.forwarder().drain()
    assert inbox.erp.calls == [["find", id], ["create", id], ["advance", id]]


def test_a_document_that_the_erp_has_is_adopted_and_not_created(inbox: InboxFixture) -> None:
    """The tail of the database was lost after forwarding, and the phone pushed it again."""
    id = inbox.capture()
    inbox.erp._append("executed.jsonl", {"event": "create", "kind": "order", "key": id, "id": "41"})
    inbox.forwarder().drain()
    assert (inbox.row(id).state, inbox.row(id).erp_number) == ("accepted", "SO41")
    assert inbox.erp.calls == [["find", id], ["advance", id]]


@pytest.mark.parametrize("mode", ["commit_then_timeout", "commit_then_garbage", "commit_then_hang:0.1"])
def test_a_document_whose_answer_was_lost_is_found_and_not_repeated(inbox: InboxFixture, mode: str) -> None:
    id = inbox.capture()
    inbox.erp.script("create", mode, "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=30)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1
    assert [step for step, _ in inbox.erp.calls] == ["find", "create", "find", "advance"]


def test_an_unknown_outcome_waits_for_the_quiet_period_and_a_lookup(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=29)
    assert inbox.forwarder().drain() == 0
    inbox.later(seconds=1)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.attempts(id)[2:] == [("find", "none"), ("create", "created 1"), ("advance", "accepted")]


def test_an_early_lookup_does_not_repeat_a_running_call(inbox: InboxFixture) -> None:
    """Even if the row falls due early, nothing is created before the quiet period has passed."""
    id = inbox.capture()
    inbox.erp.script("create", "timeout", "ok")
    inbox.forwarder().drain()
    inbox.later(seconds=10)
    inbox.change(id, due_at=inbox.clock.now())
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert row.state == "unknown" and (row.due_at - inbox.clock.now()).total_seconds() == 20
    assert [step for step, _ in inbox.erp.calls] == ["find", "create", "find"]


def test_no_quiet_period_is_needed_where_the_erp_enforces_our_key(inbox: InboxFixture) -> None:
    inbox.erp.enforces_key = True
    id = inbox.capture()
    inbox.erp.script("create", "timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=5)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1


def test_the_operators_quiet_period_overrides_the_connectors(inbox: InboxFixture) -> None:
    inbox.settings = replace(inbox.settings, quiet_seconds=100.0)
    id = inbox.capture()
    inbox.erp.script("create", "timeout")
    inbox.forwarder().drain()
    assert (inbox.row(id).due_at - inbox.clock.now()).total_seconds() == 100


def test_an_unreachable_erp_leaves_an_outcome_unknown(inbox: InboxFixture) -> None:
    """Were it queued, the rep could replace it although the ERP may have it."""
    id = inbox.capture()
    inbox.erp.script("create", "commit_then_timeout")
    inbox.forwarder().drain()
    inbox.erp.script("find", "503", "ok")
    inbox.later(seconds=31)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=20)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1


def test_a_refusal_of_the_second_attempt_settles_an_unknown_outcome(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "timeout", "503", "ok")
    inbox.forwarder().drain()
    inbox.later(seconds=31)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.last_sent_at) == ("queued", None)


def test_a_draft_left_by_a_broken_advance_is_advanced_and_not_created_again(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=31)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1


def test_an_attempt_is_committed_before_the_erp_is_called(inbox: InboxFixture) -> None:
    id = inbox.capture()
    attempts = []

    class Watching(RecordingErp):
        def create(self, document):
            attempts.append((inbox.attempts(id), inbox.row(id).last_sent_at))
            return super().create(document)

    inbox.forwarder(erp=Watching(inbox.erp.folder)).drain()
    assert attempts == [([("find", "none"), ("create", None)], inbox.clock.now())]


def test_a_refusal_goes_to_the_rep_only_when_no_earlier_call_can_be_executed(inbox: InboxFixture) -> None:
    """Else the rep could neither replace it, since the ERP may have it, nor would anybody ask again."""
    inbox.erp.enforces_key = True
    id = inbox.capture()
    inbox.erp.script("create", "timeout", "refuse")
    inbox.forwarder().drain()
    inbox.later(seconds=5)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.reason) == ("unknown", "the minimum quantity is 5")
    assert row.due_at - inbox.clock.now() == dt.timedelta(seconds=25), "when the first call has certainly ended"
    inbox.later(seconds=25)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.error_class) == ("rejected", "rep", "reject_rep")
    assert not may_be_in_erp(row), "an edited copy may take its place"


def test_a_refusal_of_a_draft_goes_to_the_office(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "refuse")
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.error_class) == ("parked", "office", "reject_office")
    assert (
        inbox.record(id)["reason"] == "The ERP has begun it and refuses to continue: the minimum quantity is 5"
    )
    assert row.erp_id and row.raw_reason == "E4711"
