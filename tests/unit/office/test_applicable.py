"""The actions that a page offers: none that would be refused at once, and none that the person may not use."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.office.access import Grant, OfficeUser
from backend.office.applicable import applicable
from backend.office.roles import Role
from tests.conftest import MONDAY
from tests.unit.office.rows import stored

ID = "01KB0000000000000000000001"
SOON = MONDAY + dt.timedelta(minutes=5)


def person(*roles: Role) -> OfficeUser:
    return OfficeUser("anna", tuple(Grant(role, None) for role in roles))


@pytest.fixture
def session(sessions: Sessions) -> Session:
    with sessions() as session:
        yield session


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"state": "parked", "error_class": "reject_office"}, ["retry", "link", "cancel", "return", "reserve"]),
        ({"state": "parked", "error_class": "approval"}, ["approve", "cancel", "return", "reserve"]),
        ({"state": "parked", "kind": "change_request"}, ["done", "cancel", "return", "reserve"]),
        (
            {"state": "parked", "error_class": "config", "reserved_by": "anna", "reserved_until": SOON},
            ["retry", "link", "cancel", "return", "release"],
        ),
        ({"state": "queued"}, ["recall"]),
        ({"state": "queued", "last_sent_at": MONDAY}, []),
        ({"state": "accepted", "erp_number": "SO1"}, ["unlink"]),
        ({"state": "sending"}, []),
        ({"state": "rejected"}, []),
    ],
)
def test_the_actions_fit_the_document(session: Session, values: dict[str, Any], names: list[str]) -> None:
    assert applicable(session, person(Role.ORDER_DESK), stored(ID, **values), MONDAY) == names


def test_the_actions_are_those_of_the_roles(session: Session) -> None:
    row = stored(ID, state="parked", error_class="config")
    assert applicable(session, person(Role.IT), row, MONDAY) == ["retry", "reserve"]
    assert applicable(session, person(Role.AUDITOR), row, MONDAY) == []
    assert applicable(session, person(Role.PLANNING), row, MONDAY) == []
