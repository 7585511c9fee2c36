"""What a person of the office sees: by kind, by territory, and as a deputy."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.identity import access as grants
from backend.identity.models import OfficeAccount, Rep
from backend.inbox.models import Submission
from backend.office import accounts
from backend.office.access import OfficeUser, require_document
from backend.office.errors import ActionRefused
from backend.office.roles import Permission
from sync_protocol.errors import ErrorCode
from tests.conftest import MONDAY
from tests.unit.office.rows import stored

DAY = dt.timedelta(days=1)
A, B, C = (f"01KB000000000000000000000{n}" for n in range(1, 4))


@pytest.fixture
def session(sessions: Sessions) -> Session:
    with sessions() as session:
        session.add_all([Rep(id="R1", name="Anja", role="sales"), Rep(id="R2", name="Bo", role="sales")])
        session.flush()
        grants.assign(session, "R1", "territory:NW", MONDAY)
        grants.assign(session, "R2", "territory:SE", MONDAY)
        for id, kind, rep in ((A, "order", "R1"), (B, "forecast", "R1"), (C, "order", "R2")):
            session.add(stored(id, kind=kind, rep=rep))
        session.flush()
        yield session


def user(session: Session, name: str, *roles: str, territory: str | None = None) -> OfficeUser:
    account = accounts.add(session, name, roles, territory=territory, by="user:x", now=MONDAY)
    return accounts.user_of(session, account, MONDAY)


def visible(session: Session, person: OfficeUser, permission: Permission = Permission.VIEW) -> set[str]:
    """Return the documents that a list shows, after comparing each with what its own page would do."""
    listed = set(session.scalars(select(Submission.id).where(person.documents(permission))))
    for row in session.scalars(select(Submission)):
        assert person.may(session, permission, row.kind, row.rep) is (row.id in listed)
    return listed


@pytest.mark.both_dialects
def test_a_person_sees_the_kinds_of_the_roles_and_the_reps_of_the_territory(session: Session) -> None:
    assert visible(session, user(session, "desk", "order_desk")) == {A, C}
    assert visible(session, user(session, "plan", "planning")) == {A, B, C}
    assert visible(session, user(session, "plan", "planning"), Permission.DECIDE) == {B}
    assert visible(session, user(session, "north", "order_desk", territory="NW")) == {A}
    assert visible(session, user(session, "boss", "supervisor", territory="NW")) == {A, B}
    assert visible(session, user(session, "none", "supervisor")) == set()


def test_a_supervisor_of_a_territory_sees_its_reps_of_today(session: Session) -> None:
    boss = user(session, "boss", "supervisor", territory="NW")
    assert set(session.scalars(select(Rep.id).where(boss.reps(Permission.PHONES)))) == {"R1"}
    grants.unassign(session, "R1", "territory:NW", MONDAY)
    assert visible(session, boss) == set()


def test_a_deputy_has_the_roles_for_the_period_only(session: Session) -> None:
    user(session, "fina", "finance", territory="SE")
    user(session, "desk", "order_desk")
    user(session, "deep", "warehouse")
    accounts.set_deputy(session, "fina", "desk", since=MONDAY, until=MONDAY + DAY, by="user:x", now=MONDAY)
    accounts.set_deputy(session, "desk", "deep", since=MONDAY, until=MONDAY + DAY, by="user:x", now=MONDAY)

    def roles(name: str, now: dt.datetime) -> set[tuple[str, str | None, str | None]]:
        person = accounts.user_of(session, session.get_one(OfficeAccount, name), now)
        return {(grant.role.value, grant.territory, grant.instead_of) for grant in person.grants}

    own = ("order_desk", None, None)
    assert roles("desk", MONDAY) == {own, ("finance", "SE", "fina")}
    assert roles("desk", MONDAY - DAY) == roles("desk", MONDAY + DAY) == {own}
    # A deputy of the deputy has no part in it.
    assert roles("deep", MONDAY) == {("warehouse", None, None), ("order_desk", None, "desk")}
    accounts.revoke(session, "fina", by="user:x", now=MONDAY)
    session.flush()
    assert roles("desk", MONDAY) == {own}


def test_a_document_that_a_person_may_not_see_is_not_found_and_one_that_they_may_is_refused(
    session: Session,
) -> None:
    rows = {row.id: row for row in session.scalars(select(Submission))}
    north = user(session, "north", "order_desk", "warehouse", territory="NW")
    require_document(session, north, Permission.DECIDE, rows[A])
    for id in (B, C):
        with pytest.raises(ActionRefused) as refused:
            require_document(session, north, Permission.VIEW, rows[id])
        assert refused.value.code is ErrorCode.NOT_FOUND
    store = user(session, "store", "warehouse")
    with pytest.raises(ActionRefused) as refused:
        require_document(session, store, Permission.DECIDE, rows[A])
    assert refused.value.code is ErrorCode.ROLE_MISSING


def test_an_account_needs_a_role_that_exists(session: Session) -> None:
    for roles in ([], ["boss"]):
        with pytest.raises(ValueError, match="role"):
            accounts.add(session, "anna", roles, by="user:x", now=MONDAY)
    with pytest.raises(ValueError, match="territory"):
        accounts.add(session, "anna", ["it"], territory="N W", by="user:x", now=MONDAY)
