"""A document that the ERP has, or may yet get, is not given up."""

import datetime as dt

import pytest

from backend.office.action import ActionRequest
from backend.office.actions import ACTIONS
from backend.office.errors import ActionRefused
from backend.office.queries import get_document
from backend.office.service import act
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture


@pytest.mark.parametrize("action", ["cancel", "return", "fix"])
def test_what_the_erp_has_is_not_given_up(work: OfficeFixture, action: str) -> None:
    work.publish_master_data()
    id = work.park(step="advance")
    work.inbox.later(hours=1)
    body = {**ORDER, "notes": "as agreed by telephone"}
    refusal = work.refused(ErrorCode.MAY_BE_IN_ERP, action, id, why="no longer wanted", body=body)
    assert "link it to that number, or remove it there first" in refusal.message


def test_a_call_that_may_still_be_executed_is_waited_for(work: OfficeFixture) -> None:
    id = work.park()
    work.inbox.change(id, last_sent_at=work.inbox.clock.now())
    work.inbox.later(seconds=29)
    work.refused(ErrorCode.MAY_BE_IN_ERP, "cancel", id, why="no")
    work.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, number=work.inbox.erp.by_hand())
    work.inbox.later(seconds=1)
    work.act("return", id, why="correct it")
    row = work.inbox.row(id)
    # Else the rep's edited copy would be refused as too late.
    assert (row.state, row.last_sent_at, row.erp_id) == ("rejected", None, None)


def test_without_an_answer_of_the_erp_nothing_is_given_up(work: OfficeFixture) -> None:
    id = work.park(step="advance")
    work.inbox.erp.script("find", "503")
    work.refused(ErrorCode.ERP_UNAVAILABLE, "cancel", id, why="no")


def test_what_the_erp_showed_before_a_worker_came_does_not_count(work: OfficeFixture) -> None:
    id = work.park()
    work.inbox.change(id, last_sent_at=work.inbox.clock.now())
    work.inbox.later(minutes=1)
    cancel = ACTIONS["cancel"]
    check = work.office._check_erp(cancel, work.inbox.row(id), {})
    assert check is not None and check.by_key == ()
    work.act("retry", id, "bert")
    work.inbox.erp.script("advance", "refuse_office")
    work.inbox.forwarder().drain()
    assert (work.inbox.row(id).state, work.inbox.erp.created(id)) == ("parked", 1)
    request = ActionRequest(
        "anna", "user:anna", work.inbox.clock.now(), dt.timedelta(minutes=30), "no", erp_check=check
    )
    with (
        pytest.raises(ActionRefused, match="has changed while the ERP was asked"),
        work.inbox.sessions() as session,
    ):
        act(session, cancel, get_document(session, id, lock=True), request)
