"""The lineage can be read by a database role that owns nothing and may do nothing but read and write rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import sessionmaker

from backend.database.core import Sessions, engine_options, prepare
from backend.feed import positions
from tests.unit.sync.company import customer, say

ROLE = "satchel_plain"


@pytest.fixture
def as_plain_role(on_postgresql: Sessions, fresh_postgres_url: str, postgres_server: Any) -> Iterator[Sessions]:
    """Sessions of a role that is no superuser, on tables that belong to somebody else."""
    name = str(make_url(fresh_postgres_url).database)
    role = sql.Identifier(ROLE)
    postgres_server.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER").format(role))
    grant = sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(role)
    postgres_server.execute(grant, name)
    engine = create_engine(
        make_url(fresh_postgres_url).set(username=ROLE), **engine_options(fresh_postgres_url)
    )
    prepare(engine)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()
    postgres_server.execute(sql.SQL("DROP OWNED BY {}").format(role), name)
    postgres_server.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_role_without_privileges_can_publish_and_notices_another_lineage(as_plain_role: Sessions) -> None:
    with as_plain_role() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == ROLE
        before = positions.head(session)
    say(as_plain_role, customer("C1", "NW"))
    with as_plain_role() as session, session.begin():
        assert positions.head(session).epoch == before.epoch
        session.execute(text("UPDATE feed_head SET lineage = 'another server/00000001'"))
    say(as_plain_role, customer("C2", "NW"))
    with as_plain_role() as session:
        assert positions.head(session).epoch != before.epoch
