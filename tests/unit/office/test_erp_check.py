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
def test_a_document_that_the_erp_has_cannot_be_given_up(office: OfficeFixture, action: str) -> None:
    office.publish_master_data()
    id = office.park(step="advance")
    office.inbox.later(hours=1)
    body = {**ORDER, "notes": "as agreed by telephone"}
    refusal = office.refused(ErrorCode.MAY_BE_IN_ERP, action, id, why="no longer wanted", body=body)
    assert "link it to that number, or remove it there first" in refusal.message


def test_a_document_with_a_call_in_progress_cannot_be_given_up(office: OfficeFixture) -> None:
    id = office.park()
    office.inbox.change(id, last_sent_at=office.inbox.clock.now())
    office.inbox.later(seconds=29)
    office.refused(ErrorCode.MAY_BE_IN_ERP, "cancel", id, why="no")
    office.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, number=office.inbox.erp.by_hand())
    office.inbox.later(seconds=1)
    office.act("return", id, why="correct it")
    row = office.inbox.row(id)
    # Else the rep's edited copy would be refused as too late.
    assert (row.state, row.last_sent_at, row.erp_id) == ("rejected", None, None)


def test_a_document_cannot_be_given_up_without_an_answer_of_the_erp(office: OfficeFixture) -> None:
    id = office.park(step="advance")
    office.inbox.erp.script("find", "503")
    office.refused(ErrorCode.ERP_UNAVAILABLE, "cancel", id, why="no")


def test_a_lookup_before_a_new_attempt_does_not_count(office: OfficeFixture) -> None:
    id = office.park()
    office.inbox.change(id, last_sent_at=office.inbox.clock.now())
    office.inbox.later(minutes=1)
    cancel = ACTIONS["cancel"]
    check = office.service._check_erp(cancel, office.inbox.row(id), {})
    assert check is not None and check.by_key == ()
    office.act("retry", id, "bert")
    office.inbox.erp.script("advance", "refuse_office")
    office.inbox.forwarder().drain()
    assert (office.inbox.row(id).state, office.inbox.erp.created(id)) == ("parked", 1)
    request = ActionRequest(
        "anna", "user:anna", office.inbox.clock.now(), dt.timedelta(minutes=30), "no", erp_check=check
    )
    with (
        pytest.raises(ActionRefused, match="has changed while the ERP was asked"),
        office.inbox.sessions() as session,
    ):
        act(session, cancel, get_document(session, id, lock=True), request)
