"""After a loss of data the office sends nothing by mistake: what no rule let pass, or what a phone withdrew."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.delivery.park_reasons import APPROVAL, class_of
from backend.inbox.models import Submission
from backend.inbox.restored import CHECKING, ORIGINAL_MISSING, DataLoss
from backend.office import actions
from backend.office.action import ActionRequest
from backend.office.actions import ACTIONS
from backend.office.errors import ActionRefused
from backend.office.service import act
from tests.unit.sync.company import submission
from tests.unit.sync.pushing import A
from tests.unit.sync.replica import NOW
from tests.unit.sync.test_price_limits import body, pushed
from tests.unit.sync.test_price_limits import company as company

REQUEST = ActionRequest(by="anna", actor="user:anna", now=NOW, reservation=dt.timedelta(minutes=5))


def parked_before_any_rule(session: Session) -> Submission:
    """Return the document as after a loss of data: parked because its original has not come back."""
    row = session.scalars(select(Submission)).one()
    row.state, row.owner, row.error_class, row.warnings = "parked", "office", ORIGINAL_MISSING, []
    row.first_reason = CHECKING
    return row


@pytest.mark.parametrize(("price", "becomes"), [("1.00", "parked"), ("12.00", "queued")])
def test_a_retry_of_what_no_rule_has_decided_about_skips_no_approval(
    sessions: Sessions, price: str, becomes: str
) -> None:
    pushed(sessions, submission(A, body(price)))
    with sessions() as session, session.begin():
        row = parked_before_any_rule(session)
        act(session, ACTIONS["retry"], row, REQUEST)
        assert row.state == becomes
        if becomes == "parked":
            assert class_of(row) == APPROVAL and "price" in (row.reason or "")
            act(session, ACTIONS["approve"], row, REQUEST)
            assert row.state == "queued"


@pytest.mark.parametrize("is_reconciled", [False, True])
def test_what_a_phone_may_have_withdrawn_before_a_loss_is_not_approved_unasked(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, is_reconciled: bool
) -> None:
    pushed(sessions, submission(A, body("1.00")))
    loss = DataLoss(dt.datetime(2100, 1, 1, tzinfo=dt.UTC), is_reconciled)
    monkeypatch.setattr(actions, "newest_loss", lambda session, now: loss)
    with sessions() as session:
        row = session.scalars(select(Submission)).one()
        if not is_reconciled:
            with pytest.raises(ActionRefused, match="replaced or withdrawn"):
                act(session, ACTIONS["approve"], row, REQUEST)
            with pytest.raises(ActionRefused, match="replaced or withdrawn"):
                act(session, ACTIONS["approve"], row, replace(REQUEST, force=True))
        insisting = replace(REQUEST, force=True, why="the rep confirms it")
        act(session, ACTIONS["approve"], row, REQUEST if is_reconciled else insisting)
        assert row.state == "queued"
