"""Plans that were made for empty tables are made again, after some time and after more uses of a connection."""

import math
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from backend.database import core, plan_age

GROWN = "INSERT INTO sample SELECT n, n FROM generate_series(1, 20000) n"


@pytest.fixture
def engine(fresh_postgres_url: str) -> Iterator[Engine]:
    """An engine with one connection, on which a statement on an empty table is prepared and planned."""
    made = create_engine(
        fresh_postgres_url, **{**core.engine_options(fresh_postgres_url), "pool_size": 1, "max_overflow": 0}
    )
    core.prepare(made)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE sample (number int PRIMARY KEY, other int)"))
        connection.execute(text("ALTER TABLE sample SET (autovacuum_enabled = false)"))
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM sample"))
        connection.execute(text("SET plan_cache_mode = force_generic_plan"))
        connection.execute(text("PREPARE sampled (int) AS SELECT other FROM sample WHERE number = $1"))
    assert "Seq Scan" in plan(made)
    with made.begin() as connection:
        connection.execute(text(GROWN))
    yield made
    made.dispose()


def plan(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text("EXPLAIN EXECUTE sampled (1)")))


def test_a_plan_is_made_again_after_some_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_age, "PLAN_SECONDS", 0.0)
    assert "Index Scan" in plan(engine)


def test_a_plan_is_made_again_after_more_uses(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_age, "PLAN_SECONDS", math.inf)
    plans = [plan(engine) for _ in range(plan_age.GROWTH**3)]
    assert "Index Scan" in plans[-1]
