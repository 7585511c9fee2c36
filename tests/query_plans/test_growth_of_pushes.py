"""A push reads no more rows when the tables have grown since its statements were prepared.

PostgreSQL plans a prepared statement while the tables may be empty, and keeps the plan until the next ANALYZE.
"""

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from backend.api import quota
from backend.database import plan_age
from backend.database.core import Sessions, engine_options, prepare
from backend.database.snapshot_reads import read_connection
from backend.feed import positions
from backend.identity.tokens import AccessToken
from backend.sync import push, push_reads
from tests.databases import engine_of
from tests.query_plans.test_empty_tables import GENERIC_AFTER
from tests.unit.sync import company
from tests.unit.sync.company import order_body, submission
from tests.unit.sync.replica import NOW

GROWTH = 1.1
TABLES = (
    "feed", "feed_stream", "submission", "rep", "assignment", "watermark", "rejected_row", "attempt", "binding",
)  # fmt: skip
"""Those that grow in the tests of this folder."""
FLUSH = select(func.pg_stat_force_next_flush())
GROW = (
    "INSERT INTO rep (id, name, role, active)"
    " SELECT 'G' || n, 'R', 'sales', true FROM generate_series({first}, {last}) n",
    "INSERT INTO assignment (rep, channel, since)"
    " SELECT 'G' || n, 'territory:T' || n, now() FROM generate_series({first}, {last}) n",
    "INSERT INTO feed (channel, collection, key, position, body, hash)"
    " SELECT 'rep:G' || n % 50, 'submissions', 'K' || n, {first} + n, '{{}}', 1"
    " FROM generate_series({first}, {last}) n",
    "INSERT INTO feed_stream (channel, collection, head, floor)"
    " SELECT 'territory:T' || n, 'customers', n, 0 FROM generate_series({first}, {last}) n",
    "INSERT INTO submission (id, kind, rep, device, captured_at, zone, schema, body, envelope, sha256, needs,"
    " depends_on, received_at, updated_at, state, status, errors, order_key, fence, due_at, tries,"
    " unfinished_leases)"
    " SELECT '01KC' || lpad(n::text, 22, '0'), 'order', 'G' || n % 50, 'D', '', 'UTC', 1, '{{}}', '{{}}', '',"
    " '[]', '[]', now(), now(), 'queued', 'received', '[]', 'customer:K' || n, 0, now(), 0, 0"
    " FROM generate_series({first}, {last}) n",
)


@pytest.fixture(params=["new", "vacuumed"])
def sessions(
    fresh_postgres_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sessions]:
    """Sessions that share one connection, on a database that nobody analyses.

    PostgreSQL plans as if a new table had ten pages. Once it was vacuumed while it was empty, it has none, and
    all ways to read it cost the same; only plans that are made again help then, here at once.
    """
    options = {**engine_options(fresh_postgres_url), "pool_size": 1, "max_overflow": 0}
    engine = create_engine(fresh_postgres_url, **options)
    prepare(engine)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
    if request.param == "vacuumed":
        monkeypatch.setattr(plan_age, "PLAN_SECONDS", 0.0)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    with Session(engine) as session, session.begin():
        positions.ensure_head(session)
    maker = sessionmaker(engine, expire_on_commit=False)
    company.reps(maker)
    company.master_data(maker)
    yield maker
    engine.dispose()


def push_one(sessions: Sessions, n: int, *, at_commit: bool) -> None:
    documents = push.parsed([submission(f"01KB000000000000000000{n:04}", order_body())])
    with sessions() as session, session.begin():
        reads = push_reads.read(session, "R1", documents, NOW)
        results = push.store(
            session,
            rep_id="R1",
            device_id="D1",
            documents=documents,
            reads=reads,
            loss=None,
            now=NOW,
            at_commit=at_commit,
        )
    assert [result["status"] for result in results] == ["received"]


def rows_of_a_push(sessions: Sessions, n: int, *, at_commit: bool) -> int:
    before = rows_read(sessions)
    push_one(sessions, n, at_commit=at_commit)
    return rows_read(sessions) - before


def rows_read(sessions: Sessions) -> int:
    engine = engine_of(sessions)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    with engine.begin() as connection:
        query = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables"
        return int(connection.execute(text(query)).scalar_one())


@pytest.mark.parametrize("at_commit", [True, False])
def test_a_push_reads_as_many_rows_after_five_thousand_orders_as_before(
    sessions: Sessions, at_commit: bool
) -> None:
    for n in range(GENERIC_AFTER):
        push_one(sessions, n, at_commit=at_commit)
    before = rows_of_a_push(sessions, GENERIC_AFTER, at_commit=at_commit)
    grow(engine_of(sessions), 1, 5_000)
    after = rows_of_a_push(sessions, GENERIC_AFTER + 1, at_commit=at_commit)
    assert 0 < after <= GROWTH * before


def grow(engine: Engine, first: int, last: int) -> None:
    with engine.begin() as connection:
        for insert in GROW:
            connection.execute(text(insert.format(first=first, last=last)))


SENT_TODAY = (
    "INSERT INTO submission (id, kind, rep, device, captured_at, zone, schema, body, envelope, sha256, needs,"
    " depends_on, received_at, updated_at, state, status, errors, order_key, fence, due_at, tries,"
    " unfinished_leases)"
    " SELECT '01KD' || lpad(n::text, 22, '0'), 'order', 'R1', 'D', '', 'UTC', 1, '{}', '{}', '',"
    " '[]', '[]', now(), now(), 'queued', 'received', '[]', 'customer:K' || n, 0, now(), 0, 0"
    " FROM generate_series(1, 5000) n",
    "INSERT INTO feed_stream (channel, collection, head, floor, rows) VALUES ('rep:R1','submissions',1,0,5000)",
)


DEVICE = (
    "INSERT INTO device (id, rep, name, public_key, version, refresh_generation, family_began_at, refreshed_at,"
    " enrolled_at) VALUES ('D1', 'R1', 'phone', '{}', 1, 1, now(), now(), now())"
)
TOKEN = AccessToken("R1", "D1", 1, 0, 0, "")
BEFORE_ALL = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def rows_of_a_quota(sessions: Sessions, documents: int) -> int:
    engine = engine_of(sessions)
    before = rows_read(sessions)
    with read_connection(engine) as connection:
        quota.read(connection, TOKEN, BEFORE_ALL, documents)
        connection.execute(FLUSH, {})
    return rows_read(sessions) - before


def test_a_quota_reads_no_document_of_a_rep_who_has_sent_fewer(sessions: Sessions) -> None:
    engine = engine_of(sessions)
    with engine.begin() as connection:
        connection.execute(text(DEVICE))
    rows_of_a_quota(sessions, 10_000)
    before = rows_of_a_quota(sessions, 10_000)
    with engine.begin() as connection:
        for insert in SENT_TODAY:
            connection.execute(text(insert))
    assert rows_of_a_quota(sessions, 10_000) <= before + 1
    assert rows_of_a_quota(sessions, 5_000) >= 5_000
