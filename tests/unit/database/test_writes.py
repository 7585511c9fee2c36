"""Independent writes in one statement leave the same rows on both databases and return the same values."""

import pytest
from sqlalchemy import bindparam, event, insert, update

from backend.database.core import Sessions, is_postgresql, table_of
from backend.database.writes import Writes
from backend.identity.models import Rep

pytestmark = pytest.mark.both_dialects

_REP = table_of(Rep)
_ADD = insert(_REP).values(id=bindparam("new_id"), name=bindparam("new_name"), role="sales", active=True)
_RENAME = (
    update(_REP).where(_REP.c.id == bindparam("of_id")).values(name=bindparam("new_name")).returning(_REP.c.id)
)
_BOTH = Writes(added=_ADD, renamed=_RENAME)


def test_all_is_written_and_only_what_returns_is_returned(sessions: Sessions) -> None:
    statements: list[str] = []
    with sessions() as session, session.begin():
        session.add(Rep(id="R1", name="Old", role="sales", active=True))
        session.flush()
        event.listen(
            session.connection(), "before_cursor_execute", lambda c, k, text, *rest: statements.append(text)
        )
        given = {"new_id": "R2", "new_name": "New", "of_id": "R1", "more than is needed": 1}
        assert _BOTH.run(session, given) == {"renamed": "R1"}
        assert len(statements) == (1 if is_postgresql(session) else 2)
    with sessions() as session:
        assert {rep.id: rep.name for rep in session.query(Rep)} == {"R1": "New", "R2": "New"}


def test_a_write_that_finds_no_row_returns_none(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        assert _BOTH.run(session, {"new_id": "R2", "new_name": "New", "of_id": "R9"}) == {"renamed": None}
