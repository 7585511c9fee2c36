"""Batches: one action on all documents with one cause, tried with a few first, and taken back."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.inbox.models import Submission
from backend.office.batch_request import FOR_MANY
from backend.office.batches import get_batch
from backend.office.errors import ActionRefused
from backend.office.field_changes import FieldChange
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.batches_fixture import Batches
from tests.unit.office.office_fixture import side_by_side

CHEAPER = FieldChange("lines[].unit_price", "9.50", "9.00")


def test_two_are_tried_and_then_all(batches: Batches) -> None:
    cause, ids = batches.park(5)
    first = batches.run("retry", cause, limit=2)
    assert batches.results(first) == [("done", None)] * 2
    assert batches.states(ids) == ["queued", "queued", "parked", "parked", "parked"]
    second = batches.run("retry", cause, why="unit added in the ERP")
    assert batches.results(second) == [("done", None)] * 3
    batches.office.inbox.forwarder().drain()
    assert batches.states(ids) == ["accepted"] * 5
    assert [batches.office.inbox.erp.created(id) for id in ids] == [1] * 5


def test_one_correction_repairs_every_document(batches: Batches) -> None:
    batches.office.publish_master_data()
    cause, ids = batches.park(3)
    batches.publish_customers("C0", "C1", "C2")
    batch = batches.run("fix", cause, changes=[CHEAPER])
    assert batches.results(batch) == [("done", None)] * 3
    assert batches.states(ids) == ["superseded"] * 3
    with batches.office.inbox.sessions() as session:
        new = session.scalars(select(Submission).where(Submission.supersedes.in_(ids))).all()
    assert len(new) == 3 and all('"unit_price":"9.00"' in row.body for row in new)


def test_a_document_without_the_value_is_refused_and_the_others_are_corrected(batches: Batches) -> None:
    batches.office.publish_master_data()
    cause, ids = batches.park(3)
    batches.publish_customers("C0")
    body = {**ORDER, "customer_id": "C0", "lines": [{**ORDER["lines"][0], "unit_price": "7.00"}]}
    odd = batches.office.park(body=body)
    batch = batches.run("fix", cause, changes=[CHEAPER])
    *corrected, (result, unknown), (other, message) = batches.results(batch)
    assert corrected == [("done", None)] * 2
    assert (result, other) == ("refused", "refused")
    assert unknown is not None and "customer_id" in unknown
    assert message == f"document {odd} has none of the values to change in lines[].unit_price"
    assert batches.states([*ids, odd]) == ["superseded", "superseded", "parked", "parked"]


def test_a_batch_is_undone_as_far_as_nothing_was_sent(batches: Batches) -> None:
    cause, ids = batches.park(3)
    batch = batches.run("retry", cause)
    batches.office.inbox.forward_one()
    batches.service.undo(batch, by="berta", why="wrong cause")
    (first, message), *others = batches.results(batch)
    assert (first, others) == ("done", [("undone", None)] * 2)
    assert message == f"document {ids[0]} does not wait to be sent any more: it is accepted"
    assert batches.states(ids) == ["accepted", "parked", "parked"]
    assert {batches.office.inbox.row(id).cause for id in ids[1:]} == {cause}
    with pytest.raises(ActionRefused, match="was undone by berta"):
        batches.service.proceed(batch, by="anna")
    batches.service.undo(batch, by="carla")
    with batches.office.inbox.sessions() as session:
        assert get_batch(session, batch).undone_by == "berta"


def test_an_interrupted_batch_continues_and_does_nothing_twice(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause, ids = batches.park(3)
    batch = batches.begin("retry", cause)
    assert batches.service.proceed(batch, by="anna", most=1) == 2
    perform = OfficeService.perform

    def killed(*given: Any, **more: Any) -> None:
        perform(*given, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(OfficeService, "perform", killed)
    with pytest.raises(KeyboardInterrupt):
        batches.service.proceed(batch, by="anna")
    monkeypatch.undo()
    assert batches.states(ids) == ["queued", "queued", "parked"]
    assert batches.results(batch) == [("done", None), ("done", None), (None, None)]
    assert batches.service.proceed(batch, by="anna") == 0
    assert batches.results(batch) == [("done", None)] * 3
    retried = [entry for entry in batches.office.trail() if entry[1] == "parked.retry"]
    assert len(retried) == 3


def test_two_people_proceed_with_one_batch_and_each_document_is_settled_once(batches: Batches) -> None:
    cause, _ = batches.park(4)
    batch = batches.begin("retry", cause)
    side_by_side(*[lambda: batches.service.proceed(batch, by="anna") and None] * 3)
    assert batches.results(batch) == [("done", None)] * 4
    retried = [entry for entry in batches.office.trail() if entry[1] == "parked.retry"]
    assert len(retried) == 4


def test_a_document_that_somebody_has_settled_meanwhile_is_left_alone(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause, [id] = batches.park(1)
    batch = batches.begin("retry", cause)
    perform = OfficeService.perform

    def after_another(*given: Any, **more: Any) -> Any:
        monkeypatch.undo()
        batches.service.proceed(batch, by="berta")
        batches.office.inbox.erp.script("create", "refuse_office", "ok")
        batches.office.inbox.forwarder().drain()
        return perform(*given, **more)

    monkeypatch.setattr(OfficeService, "perform", after_another)
    batches.service.proceed(batch, by="anna")
    assert batches.results(batch) == [("done", None)]
    assert batches.states([id]) == ["parked"], "it failed again, and belongs to a new batch"
    assert [entry[0] for entry in batches.office.trail(id)] == ["user:berta"]


def test_a_batch_that_is_undone_meanwhile_settles_no_further_document(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause, ids = batches.park(3)
    batch = batches.begin("retry", cause)
    perform, performed = OfficeService.perform, 0

    def undone_after_the_first(*given: Any, **more: Any) -> Any:
        nonlocal performed
        performed += 1
        if performed == 2:
            batches.service.undo(batch, by="berta")
        return perform(*given, **more)

    monkeypatch.setattr(OfficeService, "perform", undone_after_the_first)
    batches.service.proceed(batch, by="anna")
    assert batches.states(ids) == ["parked"] * 3
    assert [result for result, _ in batches.results(batch)] == ["undone", None, None]


def test_a_document_that_another_person_has_reserved_stays(batches: Batches) -> None:
    cause, ids = batches.park(2)
    batches.office.act("reserve", ids[0], "berta")
    batch = batches.run("retry", cause)
    (first, message), second = batches.results(batch)
    assert (first, second) == ("refused", ("done", None))
    assert message is not None and message.startswith(f"berta has reserved document {ids[0]} until")


def test_only_the_documents_of_the_beginning_belong_to_a_batch(batches: Batches) -> None:
    cause, ids = batches.park(1)
    batch = batches.begin("retry", cause)
    late = batches.office.park(customer="C9")
    batches.service.proceed(batch, by="anna")
    assert batches.states([*ids, late]) == ["queued", "parked"]


def test_the_audit_trail_names_the_batch(batches: Batches) -> None:
    cause, _ = batches.park(1)
    batch = batches.run("return", cause, why="ask the customer")
    entries = batches.office.trail(batch)
    assert [(actor, action, detail) for actor, action, detail, _ in entries] == [
        ("user:anna", "batch.begun", {"action": "return", "cause": cause, "documents": 1})
    ]
    with pytest.raises(ActionRefused, match="cannot be undone"):
        batches.service.undo(batch, by="anna")


def test_a_request_that_cannot_be_carried_out_is_refused_by_field(batches: Batches) -> None:
    cause, _ = batches.park(1)
    invalid = ErrorCode.ENVELOPE_INVALID
    for action in ("link", "recall", "reserve", "nonsense"):
        assert action not in FOR_MANY
        assert [f.field for f in batches.refused(invalid, action, cause).faults] == ["action"]
    assert [f.field for f in batches.refused(invalid, "cancel", cause).faults] == ["why"]
    assert [f.field for f in batches.refused(invalid, "retry", cause, limit=0).faults] == ["limit"]
    assert [f.field for f in batches.refused(invalid, "fix", cause).faults] == ["changes"]
    assert [f.field for f in batches.refused(invalid, "retry", cause, changes=[CHEAPER]).faults] == ["changes"]
    changes = [FieldChange("lines[0].unit", "KT", "CRT"), FieldChange("lines[].unit", ["KT"], {})]
    refusal = batches.refused(invalid, "fix", cause, changes=changes)
    assert [f.field for f in refusal.faults] == ["changes[0].field", "changes[1].old", "changes[1].new"]
    batches.refused(ErrorCode.NOT_FOUND, "retry", "reject_office-0000000000")
    with pytest.raises(ActionRefused, match="there is no batch"):
        batches.service.proceed("01KB0000000000000000000001", by="anna")
