"""`satchel rep …`: deactivate a rep who has left, and activate them again."""

from sqlalchemy import select

from backend.database.core import Sessions
from backend.identity.models import Rep, RoleCollection
from tests.unit.cli.conftest import Satchel


def is_active(installed: Sessions) -> bool:
    with installed() as session:
        return session.scalars(select(Rep.active)).one()


def test_a_rep_is_deactivated_and_activated_again(installed: Sessions, satchel: Satchel) -> None:
    with installed() as session, session.begin():
        session.add(RoleCollection(role="sales", collection="customers"))
    assert satchel("rep", "add", "R1", "Ana").exit_code == 0
    assert "0 phones wipe themselves" in satchel("rep", "deactivate", "R1").output
    assert not is_active(installed)
    assert "Ana (inactive)" in satchel("rep", "list").output
    refused = satchel("rep", "code", "R1")
    assert refused.exit_code != 0 and "rep R1 is not active" in refused.output
    assert satchel("rep", "activate", "R1").exit_code == 0
    assert is_active(installed)
    assert satchel("rep", "code", "R1").exit_code == 0


def test_a_rep_who_does_not_exist_cannot_be_deactivated(installed: Sessions, satchel: Satchel) -> None:
    result = satchel("rep", "deactivate", "R9")
    assert result.exit_code != 0 and "there is no rep R9" in result.output
