"""Statements that are prepared while the tables are empty or small read few rows once they have grown.

PostgreSQL keeps the plan of a prepared statement until the next ANALYZE, which may come a minute after growth
or later. So the rows that a statement reads are counted, on a connection that has prepared it before they grew.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from backend.database import plan_age
from backend.database.core import engine_options, prepare
from backend.database.snapshot_reads import ReadConnection, read_connection
from backend.feed import positions
from backend.identity.principals import PRINCIPAL_QUERY
from backend.sync.delta import DELTA_QUERY
from backend.sync.idle import IDLE_QUERY
from backend.sync.segments import access

GENERIC_AFTER = 10
"""Executions after which PostgreSQL has made a plan that it keeps; the first five are planned each time."""
MANY, FEW = 5_000, 150

GROW = (  # Roles and collections stay few; everything else grows.
    "INSERT INTO rep (id, name, role, active)"
    " SELECT 'R' || n, 'R', 'sales', true FROM generate_series({first}, {last}) n",
    "INSERT INTO device (id, rep, name, public_key, version, refresh_generation, enrolled_at, family_began_at,"
    " refreshed_at) SELECT 'D' || n, 'R' || n, 'D', '{{}}', 1, 1, now(), now(), now()"
    " FROM generate_series({first}, {last}) n",
    "INSERT INTO role_collection (role, collection)"
    " SELECT 'sales', CASE n WHEN 7 THEN 'customers' ELSE 'c' || n END"
    " FROM generate_series({first}, {last}) n WHERE n <= 20",
    "INSERT INTO role_collection (role, collection)"
    " SELECT 'role' || n, 'customers' FROM generate_series({first}, {last}) n WHERE n <= 20",
    "INSERT INTO assignment (rep, channel, since)"
    " SELECT 'R' || n, 'territory:T' || n, now() FROM generate_series({first}, {last}) n",
    "INSERT INTO feed_stream (channel, collection, head, floor)"
    " SELECT 'territory:T' || n, 'customers', n, 0 FROM generate_series({first}, {last}) n",
    "INSERT INTO feed_segment (channel, collection, position, key_from, sha256, bytes, rows, built_at)"
    " SELECT 'territory:T' || n, 'customers', n, '', n, 1, 1, now() FROM generate_series({first}, {last}) n",
    "INSERT INTO feed (channel, collection, key, position, body, hash)"
    " SELECT 'territory:T7', 'customers', 'C' || n, n, '{{}}', n FROM generate_series({first}, {last}) n",
    "UPDATE feed_stream SET head = {last} WHERE channel = 'territory:T7'",
)


@pytest.fixture
def engine(fresh_postgres_url: str) -> Iterator[Engine]:
    made = create_engine(fresh_postgres_url, **engine_options(fresh_postgres_url))
    prepare(made)
    with Session(made) as session, session.begin():
        positions.ensure_head(session)
    yield made
    made.dispose()


STATEMENTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "idle poll": (IDLE_QUERY, {"device": "D7"}),
    "principal": (PRINCIPAL_QUERY, {"device": "D7"}),
    "delta": (
        DELTA_QUERY,
        {
            "device": "D7",
            "channels": "territory:T7",
            "collections": "customers",
            "positions": str(MANY - 10),
            "limit": 1_000,
        },
    ),
    "segment of a device": (access._FOR_DEVICE, {"device": "D7", "name": "7"}),
}


@pytest.mark.parametrize("small", [None, 0, 40], ids=["new", "empty", "small"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_planned_early_reads_few_rows_when_the_tables_have_grown(
    engine: Engine, name: str, small: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*small*: how many rows the tables have when they are vacuumed; None: they never were."""
    statement, parameters = STATEMENTS[name]
    if small is not None:
        grow(engine, 1, small)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    with read_connection(engine) as connection:
        for _ in range(GENERIC_AFTER):
            connection.execute(statement, parameters)
        grow(engine, (small or 0) + 1, MANY)
    if small == 0:
        # All ways to read no page cost the same, so only a plan that is made again helps.
        monkeypatch.setattr(plan_age, "PLAN_SECONDS", 0.0)
    with read_connection(engine) as connection:
        before = rows_read(connection)
        result = connection.execute(statement, parameters)
        assert [row.rows for row in result] == [10] if name == "delta" else result
        assert 0 < rows_read(connection) - before < FEW


def grow(engine: Engine, first: int, last: int) -> None:
    with engine.begin() as writer:
        for insert in GROW:
            writer.execute(text(insert.format(first=first, last=last)))
    # A server process reports what it has read about a second later, unless it is told to report now.
    with engine.begin() as writer:
        writer.execute(text("SELECT pg_stat_force_next_flush()"))


def rows_read(connection: ReadConnection) -> int:
    """Return how many rows and index entries the server has read from our tables."""
    connection.execute(text("SELECT pg_stat_force_next_flush()"), {})
    (row,) = connection.execute(
        text("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS n FROM pg_stat_user_tables"), {}
    )
    return int(row.n)
