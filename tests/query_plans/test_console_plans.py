"""Lists and the search of the console read a bounded number of rows of many submissions, whatever is asked."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.office import documents, overview
from backend.office.access import Grant, OfficeUser
from backend.office.documents import MAX_SEARCHED, Filters
from backend.office.roles import Role
from tests.databases import engine_of, prepared
from tests.query_plans.explain import overhearing
from tests.unit.sync.replica import NOW

SUBMISSIONS, REPS = 200_000, 200
MOST_READ = MAX_SEARCHED + 5_000
"""Rows of submissions that one statement may read."""

_SUBMISSIONS = f"""
INSERT INTO submission (id, kind, rep, device, captured_at, zone, schema, title, body, envelope, sha256, needs,
  depends_on, received_at, updated_at, state, status, errors, order_key, fence, due_at, tries,
  unfinished_leases, erp_number)
SELECT '01KB' || lpad(n::text, 22, '0'),
  CASE WHEN n % 5000 = 0 THEN 'withdrawal' WHEN n % 50 = 0 THEN 'expense_claim' WHEN n % 4 = 0 THEN 'forecast'
    ELSE 'order' END,
  'R' || (1 + n / 4 % {REPS}), 'D1', '', 'UTC', 1, 'Order of K' || n,
  '{{"customer_id":"K' || n || '"}}', '{{}}',
  md5(n::text), '[]', '[]', :now, :now,
  CASE WHEN n % 2000 = 1 THEN 'parked' WHEN n % 3000 = 2 THEN 'cancelled' WHEN n % 100 = 3 THEN 'superseded'
    WHEN n > {SUBMISSIONS} - 100 THEN 'queued' ELSE 'accepted' END,
  'received', '[]', 'K' || n, 0, :now, 0, 0, 'SO' || n
FROM generate_series(1, {SUBMISSIONS}) n
"""
_BESIDE = (
    "INSERT INTO rep (id, name, role, active)"
    f" SELECT 'R' || n, 'Rep ' || n, 'sales', true FROM generate_series(1, {REPS}) n",
    "INSERT INTO assignment (rep, channel, since)"
    " SELECT id, 'territory:T' || substr(id, 2)::int % 20, :now FROM rep",
    "INSERT INTO binding (connector, entity, local_id, external_id, number, aggregated, bound_at)"
    " SELECT 'flatfile', kind, id, id, erp_number, false, :now FROM submission WHERE kind <> 'forecast'",
)


@pytest.fixture(scope="module")
def many(postgres_server: Any, postgres_template: str) -> Iterator[Sessions]:
    """Sessions on a database with many submissions, most of them accepted orders."""
    url = postgres_server.create_database("many_submissions", postgres_template)
    sessions = prepared(url)
    with engine_of(sessions).begin() as connection:
        for statement in (_SUBMISSIONS, *_BESIDE):
            connection.execute(text(statement), {"now": NOW} if ":now" in statement else {})
        connection.execute(text("ANALYZE"))
    yield sessions
    engine_of(sessions).dispose()
    postgres_server.drop_database("many_submissions")


def rows_read(sessions: Sessions, read: Any) -> int:
    """Return the most rows of submissions that one statement of *read* reads."""
    engine = engine_of(sessions)
    with overhearing(engine) as overheard, sessions() as session:
        read(session)
    with engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for statement, parameters in overheard.statements.items()
            if statement.startswith("SELECT")
        ]
    return max((_read(plan[0]["Plan"]) for plan in plans), default=0)


def _read(node: dict[str, Any]) -> int:
    own = 0
    if node.get("Relation Name") == "submission":
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = round((node["Actual Rows"] + removed) * node["Actual Loops"])
    return own + sum(_read(inner) for inner in node.get("Plans", ()))


PEOPLE = {
    "desk": OfficeUser("desk", (Grant(Role.ORDER_DESK, None),)),
    "planner": OfficeUser("planner", (Grant(Role.PLANNING, None),)),
    "supervisor": OfficeUser("supervisor", (Grant(Role.SUPERVISOR, "T3"),)),
    "two": OfficeUser("two", (Grant(Role.FINANCE, None), Grant(Role.SUPERVISOR, "T3"))),
    "auditor": OfficeUser("auditor", (Grant(Role.AUDITOR, None),)),
}
FILTERS = {
    "all": Filters(),
    "accepted": Filters(state="accepted"),
    "parked": Filters(state="parked"),
    "cancelled": Filters(state="cancelled"),
    "nothing": Filters(state="withdrawn"),
    "rare kind": Filters(kind="withdrawal"),
    "forecasts": Filters(kind="forecast"),
    "no kind": Filters(kind="visit"),
    "rep": Filters(rep="R7"),
    "rep and state": Filters(rep="R7", state="superseded"),
    "cause": Filters(cause="reject_office-1"),
}


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("name", FILTERS)
def test_a_list_reads_few_rows(many: Sessions, person: str, name: str) -> None:
    user, filters = PEOPLE[person], FILTERS[name]
    for before in (None, SUBMISSIONS // 2):
        count = rows_read(
            many, lambda s, before=before: documents.list_documents(s, user, filters, before=before)
        )
        assert count <= MOST_READ, before


@pytest.mark.parametrize(
    "words", ["01KB0000000000000000000077", "01KB00000000000000", "SO777", "Order of K199", "K777", "R7"]
)
def test_a_search_reads_few_rows(many: Sessions, words: str) -> None:
    for user in PEOPLE.values():
        assert rows_read(many, lambda s, user=user: documents.find(s, user, words, "flatfile")) <= MOST_READ


@pytest.mark.parametrize("person", PEOPLE)
def test_the_start_page_reads_few_rows(many: Sessions, person: str) -> None:
    def read(session: Session) -> None:
        overview.waiting_causes(session, PEOPLE[person], NOW)
        overview.oldest_undelivered(session, PEOPLE[person])

    assert rows_read(many, read) <= MOST_READ
