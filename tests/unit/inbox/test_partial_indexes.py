"""The partial indexes hold what is looked for through them.

Separate, because no behaviour shows a row that is missing in an index.
"""

import re

import pytest

from backend.database.core import Sessions, table_of
from backend.delivery.alerts.dispatch import WAITING
from backend.inbox.models import Submission
from sync_protocol.submission import FINAL, State


def test_the_index_by_state_holds_every_state_that_a_statement_looks_for() -> None:
    (index,) = (index for index in table_of(Submission).indexes if index.name == "submission_by_state")
    condition = str(index.dialect_options["postgresql"]["where"])
    looked_for = {state.value for state in State if state not in FINAL} | set(map(str, WAITING))
    assert set(re.findall("'([a-z_]+)'", condition)) == looked_for
    assert index.dialect_options["sqlite"]["where"] is None


@pytest.mark.parametrize("condition", ["state = 'sending'", "state = ?", "state IN (?, ?)"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_finds_documents_by_their_state_through_an_index(sessions: Sessions, condition: str) -> None:
    query = f"EXPLAIN QUERY PLAN SELECT id FROM submission WHERE {condition}"
    with sessions() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        plan = driver.execute(query, ("sending",) * condition.count("?")).fetchall()
    assert "submission_by_state" in str(plan)
