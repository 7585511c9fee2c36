"""How many index entries a document has: each change of its state writes all of them again."""

from typing import Any

import pytest
from sqlalchemy import text

from backend.database.core import Sessions, table_of
from backend.inbox.models import Submission

PLACES = {"queued": 6, "sending": 6, "accepted": 3}
"""Entries of an order by its state, those of the primary key and of the unique id included."""


@pytest.mark.parametrize("state", PLACES)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_order_has_as_many_index_entries_as_its_state_needs(sessions: Sessions, state: str) -> None:
    conditions = [_condition(index) for index in table_of(Submission).indexes]
    order = {"state": state, "kind": "order", "supersedes": None}
    row = ", ".join(f"CAST(:{name} AS text) AS {name}" for name in order)
    with sessions() as session:
        holds = [
            session.execute(text(f"SELECT {condition} FROM (SELECT {row}) AS submission"), order).scalar_one()
            for condition in conditions
        ]
    keys_of_the_table = 2
    assert keys_of_the_table + sum(holds) == PLACES[state]


def _condition(index: Any) -> str:
    where = index.dialect_options["postgresql"]["where"]
    return "true" if where is None else str(where)
