"""The actions of the office: their table, and what becomes of a document by each of them."""

from pathlib import Path

import pytest

from backend.office.actions import ACTIONS
from backend.office.roles import ROLES
from sync_protocol.errors import ErrorCode
from sync_protocol.office import OfficeActionSchema
from sync_protocol.submission import Decision
from tests.unit.office.office_fixture import OfficeFixture

PAGE = (Path(__file__).parents[3] / "docs" / "parked.md").read_text()


# The table


def test_every_decision_is_made_by_one_action() -> None:
    made = [action.decision for action in ACTIONS.values() if action.decision is not None]
    assert sorted(made) == sorted(Decision)
    assert all(decision.label for decision in Decision)


def test_needs_of_an_action_are_fields_of_the_request() -> None:
    fields = set(OfficeActionSchema().fields) - {"why", "force"}
    assert fields == {name for action in ACTIONS.values() for name in action.arguments}


def test_every_permission_belongs_to_a_role() -> None:
    allowed = frozenset[str]().union(*(access.permissions for access in ROLES.values()))
    assert {action.permission for action in ACTIONS.values()} <= allowed


@pytest.mark.parametrize("name", ACTIONS)
def test_the_page_of_the_office_has_every_action_and_decision(name: str) -> None:
    assert f"`satchel parked {name} " in PAGE
    decision = ACTIONS[name].decision
    assert decision is None or f"`{decision}`" in PAGE


def test_an_action_on_an_unknown_document_is_refused(office: OfficeFixture) -> None:
    for name in ACTIONS:
        with pytest.raises(Exception, match="there is no document X"):
            office.act(name, "X", why="no", number="SO1", body={"x": "y"})


def test_a_missing_field_of_an_action_is_reported(office: OfficeFixture) -> None:
    id = office.park()
    for name, action in ACTIONS.items():
        required = [*action.arguments, *(["why"] if action.needs_reason else [])]
        if required:
            refusal = office.refused(ErrorCode.ENVELOPE_INVALID, name, id, "anna", "  ", number="")
            assert [(f.field, f.code) for f in refusal.faults] == [
                (field, ErrorCode.FIELD_MISSING) for field in required
            ]


# Retry


def test_a_retry_sends_the_document_and_records_who_did_it(office: OfficeFixture) -> None:
    id = office.park()
    office.act("retry", id, "anna", "limit raised")
    assert office.inbox.record(id)["reason"] == "The office sends it again: limit raised"
    office.inbox.forwarder().drain()
    assert office.inbox.row(id).state == "accepted"
    assert office.inbox.erp.created(id) == 1
    assert office.trail(id) == [
        ("user:anna", "parked.retry", {"why": "limit raised"}, office.inbox.clock.now())
    ]


def test_a_retry_of_a_document_that_may_be_in_the_erp_looks_it_up_first(
    office: OfficeFixture,
) -> None:
    id = office.park(step="advance")
    assert office.inbox.erp.created(id) == 1
    office.act("retry", id)
    assert office.inbox.row(id).state == "unknown"
    office.inbox.forwarder().drain()
    assert office.inbox.row(id).state == "accepted"
    assert office.inbox.erp.created(id) == 1


def test_a_second_retry_is_refused_with_the_state(office: OfficeFixture) -> None:
    id = office.park()
    office.act("retry", id, "anna")
    refusal = office.refused(ErrorCode.NOT_PARKED, "retry", id, "bert")
    assert refusal.message == f"document {id} is not parked but queued"


# Cancel and return


def test_a_cancelled_document_shows_the_reason_to_the_rep(office: OfficeFixture) -> None:
    id = office.park()
    office.act("cancel", id, why="ordered twice")
    record = office.inbox.record(id)
    assert (record["state"], record["decision"]) == ("cancelled", "cancelled")
    assert record["reason"] == "The office has cancelled it: ordered twice"
    office.act("cancel", id, why="ordered twice")
    assert len(office.trail(id)) == 1
    office.refused(ErrorCode.NOT_PARKED, "return", id, why="correct it")


def test_a_returned_document_goes_back_to_the_rep(office: OfficeFixture) -> None:
    id = office.park()
    office.act("return", id, why="choose another customer")
    record = office.inbox.record(id)
    assert (record["state"], record["decision"]) == ("rejected", "returned")
    assert record["reason"] == "The office has sent it back: choose another customer"
    assert office.inbox.row(id).owner == "rep"
