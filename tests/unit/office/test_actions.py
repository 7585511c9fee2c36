"""The actions of the office: their table, and what becomes of a document by each of them."""

from pathlib import Path

import pytest

from backend.office.accounts import PERMISSIONS
from backend.office.actions import ACTIONS
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


def test_what_an_action_needs_is_a_field_of_the_request() -> None:
    fields = set(OfficeActionSchema().fields) - {"why", "force"}
    assert fields == {name for action in ACTIONS.values() for name in action.arguments}


def test_every_permission_is_that_of_some_role() -> None:
    allowed = frozenset[str]().union(*PERMISSIONS.values())
    assert {action.permission for action in ACTIONS.values()} <= allowed


@pytest.mark.parametrize("name", ACTIONS)
def test_the_page_of_the_office_has_every_action_and_decision(name: str) -> None:
    assert f"`satchel parked {name} " in PAGE
    decision = ACTIONS[name].decision
    assert decision is None or f"`{decision}`" in PAGE


def test_what_is_not_there_is_refused(work: OfficeFixture) -> None:
    for name in ACTIONS:
        with pytest.raises(Exception, match="there is no document X"):
            work.act(name, "X", why="no", number="SO1", body={"x": "y"})


def test_what_an_action_cannot_do_without_is_named_by_field(work: OfficeFixture) -> None:
    id = work.park()
    for name, action in ACTIONS.items():
        required = [*action.arguments, *(["why"] if action.needs_reason else [])]
        if required:
            refusal = work.refused(ErrorCode.ENVELOPE_INVALID, name, id, "anna", "  ", number="")
            assert [(f.field, f.code) for f in refusal.faults] == [
                (field, ErrorCode.FIELD_MISSING) for field in required
            ]


# Retry


def test_retrying_sends_it_again_and_says_who_did_it(work: OfficeFixture) -> None:
    id = work.park()
    work.act("retry", id, "anna", "limit raised")
    assert work.inbox.record(id)["reason"] == "The office sends it again: limit raised"
    work.inbox.forwarder().drain()
    assert work.inbox.row(id).state == "accepted"
    assert work.inbox.erp.created(id) == 1
    assert work.trail(id) == [("user:anna", "parked.retry", {"why": "limit raised"}, work.inbox.clock.now())]


def test_retrying_what_the_erp_may_have_looks_first_and_cannot_be_replaced_meanwhile(
    work: OfficeFixture,
) -> None:
    id = work.park(step="advance")
    assert work.inbox.erp.created(id) == 1
    work.act("retry", id)
    assert work.inbox.row(id).state == "unknown"
    work.inbox.forwarder().drain()
    assert work.inbox.row(id).state == "accepted"
    assert work.inbox.erp.created(id) == 1


def test_retrying_twice_is_refused_with_where_it_stands(work: OfficeFixture) -> None:
    id = work.park()
    work.act("retry", id, "anna")
    refusal = work.refused(ErrorCode.NOT_PARKED, "retry", id, "bert")
    assert refusal.message == f"document {id} is not parked but queued"


# Cancel and return


def test_cancelling_ends_it_and_the_rep_reads_why(work: OfficeFixture) -> None:
    id = work.park()
    work.act("cancel", id, why="ordered twice")
    record = work.inbox.record(id)
    assert (record["state"], record["decision"]) == ("cancelled", "cancelled")
    assert record["reason"] == "The office has cancelled it: ordered twice"
    work.act("cancel", id, why="ordered twice")
    assert len(work.trail(id)) == 1
    work.refused(ErrorCode.NOT_PARKED, "return", id, why="correct it")


def test_what_is_returned_is_the_reps_again(work: OfficeFixture) -> None:
    id = work.park()
    work.act("return", id, why="choose another customer")
    record = work.inbox.record(id)
    assert (record["state"], record["decision"]) == ("rejected", "returned")
    assert record["reason"] == "The office has sent it back: choose another customer"
    assert work.inbox.row(id).owner == "rep"
