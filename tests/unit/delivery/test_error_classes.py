"""Every class of error leads to its state, and the phones are told why."""

import datetime as dt

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.delivery.inbox_fixture import InboxFixture


def test_an_accepted_document_has_the_erps_number(inbox: InboxFixture) -> None:
    id = inbox.capture()
    assert inbox.forwarder().drain() == 1
    row = inbox.row(id)
    assert (row.state, row.erp_id, row.erp_number) == ("accepted", "1", "SO1")
    assert inbox.record(id)["state"] == "accepted" and inbox.record(id)["erp_number"] == "SO1"
    assert inbox.bindings(id) == [("order", "1")]
    assert inbox.attempts(id) == [("find", "none"), ("create", "created 1"), ("advance", "accepted")]
    assert inbox.history(id) == ["sending", "accepted"]
    assert (row.lease_owner, row.lease_until, row.unfinished_leases) == (None, None, 0)


@pytest.mark.parametrize(
    ("mode", "state", "owner", "error_class", "may_be_there"),
    [
        ("503", "queued", None, "transient", False),
        ("timeout", "unknown", None, "unknown", True),
        ("garbage", "unknown", None, "unknown", True),
        ("refuse", "rejected", "rep", "reject_rep", False),
        ("refuse_office", "parked", "office", "reject_office", False),
        ("config", "queued", "it", "config", False),
        ("duplicate_bad", "parked", "office", "duplicate_bad", False),
    ],
)
def test_each_class_of_error_has_its_state(
    inbox: InboxFixture, mode: str, state: str, owner: str | None, error_class: str, may_be_there: bool
) -> None:
    id = inbox.capture()
    inbox.erp.script("create", mode)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.error_class) == (state, owner, error_class)
    assert (row.last_sent_at is not None) is may_be_there
    assert row.reason and row.unfinished_leases == 0
    record = inbox.record(id)
    assert record["state"] == state and record["reason"] == row.reason
    assert COLLECTIONS["submissions"].faults(record) == []


def test_a_refusal_names_the_field_that_the_rep_can_correct(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "refuse")
    inbox.forwarder().drain()
    assert inbox.record(id)["errors"] == [
        {"code": "field_invalid", "field": "lines[0].quantity", "message": "the minimum quantity is 5"}
    ]
    assert inbox.row(id).raw_reason == "E4711"


@pytest.mark.parametrize(
    ("outcome", "owner", "bound"),
    [("on_hold", "erp", True), ("handed_over", None, False), ("rejected", "rep", False)],
)
def test_outcomes_of_the_erp_become_states(
    inbox: InboxFixture, outcome: str, owner: str | None, bound: bool
) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", outcome)
    inbox.forwarder().drain()
    assert inbox.row(id).state == outcome
    assert inbox.row(id).owner == owner
    assert bool(inbox.bindings(id)) is bound


def test_an_answer_without_an_outcome_is_unknown(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "withdrawn", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"


def test_a_transient_error_is_retried_for_ever_with_growing_waits(
    inbox: InboxFixture,
) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "503")
    waits = []
    for _ in range(12):
        assert inbox.forwarder().drain() == 1
        row = inbox.row(id)
        waits.append((row.due_at - inbox.clock.now()).total_seconds())
        assert inbox.forwarder().drain() == 0
        inbox.later(seconds=waits[-1])
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]
    assert inbox.row(id).tries == 12
    inbox.erp.script("create", "ok")
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.tries, row.first_failed_at, row.reason) == ("accepted", 0, None, None)


def test_retry_after_of_the_erp_overrides_the_backoff(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "503:77")
    inbox.forwarder().drain()
    assert inbox.row(id).due_at == inbox.clock.now() + dt.timedelta(seconds=77)


def test_after_a_day_of_retries_the_office_is_told_and_retries_continue(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "503:3600")
    for _ in range(25):
        assert inbox.row(id).owner is None
        inbox.forwarder().drain()
        inbox.later(hours=1)
        assert inbox.probe()
    row = inbox.row(id)
    assert (row.state, row.owner) == ("queued", "office")
    assert row.reason and row.reason.startswith("The ERP has not accepted it since 2026-11-23 09:00 UTC")


def test_a_failed_lookup_leaves_an_unsent_document_queued(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("find", "timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "queued"
    assert inbox.erp.calls == [["find", id]]


def test_a_draft_in_the_erp_is_never_queued_again(inbox: InboxFixture) -> None:
    """What is queued may be replaced by the rep, and the ERP would continue with the old version."""
    id = inbox.capture()
    inbox.erp.script("advance", "503", "ok")
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.error_class, row.erp_id) == ("unknown", "transient", "1")
    inbox.later(seconds=5)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1


def test_two_documents_with_our_key_are_parked(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "commit_then_timeout")
    inbox.forwarder().drain()
    inbox.erp.script("find", "twice")
    inbox.later(seconds=31)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.error_class, row.owner) == ("parked", "duplicate_bad", "office")
    assert [step for step, _ in inbox.erp.calls] == ["find", "create", "find"]


def test_a_duplicate_reported_by_the_erp_is_looked_up_and_adopted(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("find", "blind", "ok")
    inbox.erp.script("create", "duplicate_ok")
    other = type(inbox.erp)(inbox.erp.folder)
    other.script("create", "ok")
    other._append("executed.jsonl", {"event": "create", "kind": "order", "key": id, "id": "7"})
    inbox.erp.script("create", "duplicate_ok")
    inbox.forwarder().drain()
    assert (inbox.row(id).state, inbox.row(id).erp_id) == ("accepted", "7")
    assert inbox.attempts(id) == [
        ("find", "none"),
        ("create", "duplicate_ok"),
        ("find", "found 7"),
        ("advance", "accepted"),
    ]


def test_a_duplicate_that_the_erp_never_shows_is_parked(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "duplicate_ok")
    for _ in range(3):
        inbox.forwarder().drain()
        inbox.later(seconds=31)
    row = inbox.row(id)
    assert (row.state, row.owner) == ("parked", "office")
    assert row.last_sent_at is not None


def test_a_document_missing_in_the_erp_is_not_created_again_automatically(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).erp_id == "1"
    (inbox.erp.folder / "executed.jsonl").unlink()
    inbox.later(seconds=31)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.erp_id) == ("parked", "office", None)
    assert inbox.erp.created(id) == 0


def test_an_erp_id_that_belongs_to_another_document_parks_the_second_one(inbox: InboxFixture) -> None:
    first, second = inbox.capture(), inbox.capture(customer="C2")
    inbox.forward_one()
    (inbox.erp.folder / "executed.jsonl").unlink()
    inbox.forwarder().drain()
    assert inbox.states(first, second) == ["accepted", "parked"]
    assert inbox.row(second).error_class == "number_conflict"


@pytest.mark.parametrize("known", [True, False])
def test_an_endless_answer_is_truncated(
    inbox: InboxFixture, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(document: Document) -> ErpDocument:
        raise ErpError(ErrorClass.REJECT_OFFICE, "no", raw="x" * 9_000) if known else ValueError("x" * 9_000)

    monkeypatch.setattr(inbox.erp, "create", create)
    id = inbox.capture()
    inbox.forwarder().drain()
    raw = inbox.row(id).raw_reason
    assert raw is not None and len(raw) == 4_000 and "xxx" in raw
