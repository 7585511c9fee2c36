"""Accounts of the office: what a revoked one keeps when it is made active again."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.office import accounts, second_factor, sign_in
from backend.office.accounts import OfficeTokenInvalid
from backend.office.models import OfficeDeputy, RecoveryCode
from tests.conftest import MONDAY

DAY = dt.timedelta(days=1)


@pytest.fixture
def session(sessions: Sessions) -> Session:
    with sessions() as session:
        yield session


def test_an_account_that_is_active_again_has_none_of_its_former_secrets(
    session: Session, tmp_path: Path
) -> None:
    for name in ("anna", "berta"):
        accounts.add(session, name, ["order_desk"], by="user:x", now=MONDAY)
    token = accounts.issue_token(session, "anna", by="user:x", now=MONDAY)
    sign_in.issue_password(session, "anna", by="user:x", now=MONDAY)
    second_factor.set_up(session, tmp_path, accounts.get_active(session, "anna"), second_factor.new_key())
    for name, deputy in (("anna", "berta"), ("berta", "anna")):
        accounts.set_deputy(session, name, deputy, since=MONDAY, until=MONDAY + DAY, by="user:x", now=MONDAY)
    accounts.revoke(session, "anna", by="user:x", now=MONDAY)
    again = accounts.add(session, "anna", ["it"], by="user:x", now=MONDAY)
    with pytest.raises(OfficeTokenInvalid):
        accounts.authenticate(session, token, MONDAY)
    assert (again.password_hash, again.password_expires_at, again.totp_key) == (None, None, None)
    assert session.scalars(select(RecoveryCode)).all() == []
    assert session.scalars(select(OfficeDeputy)).all() == []
    assert accounts.user_of(session, again, MONDAY).roles == ("it",)


def test_an_active_account_keeps_its_secrets_when_its_roles_change(session: Session) -> None:
    accounts.add(session, "anna", ["order_desk"], by="user:x", now=MONDAY)
    token = accounts.issue_token(session, "anna", by="user:x", now=MONDAY)
    accounts.add(session, "anna", ["it"], by="user:x", now=MONDAY)
    assert accounts.authenticate(session, token, MONDAY).roles == ("it",)
