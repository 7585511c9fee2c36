"""A real Tryton changes a row without a stamp, and breaks a page: comparison and quarantine see to it."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from psycopg import sql

from backend.clock import ManualClock
from backend.connectors.tryton.adapter import TrytonConnector
from backend.database.core import Sessions
from backend.feed.changes import live
from backend.ingest import quarantine, quarantine_retry
from backend.ingest.full_comparison import compare
from backend.ingest.importer import import_collection
from backend.settings import Settings
from tests.services import TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("missed") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    with closing(tryton.connect(overlap_seconds="0")) as connector:
        yield connector


def execute(tryton: TrytonFixture, statement: str, *values: object) -> None:
    """Change Tryton's database behind its back, as a script of the office's might."""
    filled = sql.SQL(statement).format(*[sql.Literal(value) for value in values])
    tryton.server.postgres.execute(filled, tryton.server.database)


def test_a_change_without_a_stamp_is_found_by_the_comparison(
    tryton: TrytonFixture,
    connector: TrytonConnector,
    sessions: Sessions,
    clock: ManualClock,
    settings: Settings,
) -> None:
    def read() -> int:
        result = import_collection(sessions, connector, "customers", clock=clock, settings=settings)
        assert result.failure is None
        return result.changed

    key = tryton.summary["customers"][20]["id"]
    read()
    assert compare(sessions, connector, "customers", clock=clock, settings=settings).missed == 0
    execute(
        tryton, "UPDATE party_party SET name = {} WHERE id = {}", f"Renamed {settings.database_url[-20:]}", key
    )
    tryton.server.restart()
    assert read() == 0, "no stamp has moved"
    result = compare(sessions, connector, "customers", clock=clock, settings=settings)
    assert (result.missed, result.complete, result.failure) == (1, True, None)
    with sessions() as session:
        record = live(session, "customers", str(key))
    assert record is not None and record["name"].startswith("Renamed")


def test_a_row_that_broke_its_page_comes_back_from_quarantine(
    tryton: TrytonFixture,
    connector: TrytonConnector,
    sessions: Sessions,
    clock: ManualClock,
    settings: Settings,
) -> None:
    product, standard = tryton.summary["products"][12], tryton.summary["price_lists"]["Standard"]
    line = {"price_list": standard, "product": product["id"], "formula": "unit_price", "sequence": -1}
    [broken] = tryton.office("product.price_list.line", "create", [line])
    execute(tryton, "UPDATE product_price_list_line SET formula = 'unit_price / 0' WHERE id = {}", broken)
    result = import_collection(sessions, connector, "prices", clock=clock, settings=settings)
    assert (result.failure, result.complete, result.rejected) == (None, True, 1)
    with sessions() as session:
        [row] = quarantine.listed(session, connector.name, "prices", 10)
        assert row.external_id == str(product["id"]) and "formula" in row.raw
        assert live(session, "prices", f"{standard}-{product['id']}-{product['sale_unit']}-0") is None
    execute(tryton, "UPDATE product_price_list_line SET formula = 'unit_price' WHERE id = {}", broken)
    clock.advance(minutes=5)
    retried, _ = quarantine_retry.retry(sessions, connector, "prices", clock=clock)
    assert (retried.tried, retried.good) == (1, 1)
    with sessions() as session:
        assert quarantine.count(session) == {}
        assert live(session, "prices", f"{standard}-{product['id']}-{product['sale_unit']}-0")
    tryton.office("product.price_list.line", "delete", [broken])
