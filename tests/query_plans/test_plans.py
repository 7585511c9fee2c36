"""No statement of pull, push, forwarding, verify, segments, compaction or the idle poll reads or sorts a large
table.

The real functions run on a million records; whatever they say to the database is overheard and explained,
so that a new statement cannot escape.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from backend.api import quota
from backend.clock import ManualClock
from backend.database.core import Sessions, snapshot
from backend.database.snapshot_reads import read_connection
from backend.device_reports import reports
from backend.feed import compaction, positions
from backend.feed.changes import publish
from backend.identity import devices, enrolment_codes, used_proofs
from backend.identity.dpop import Proof
from backend.identity.tokens import AccessToken
from backend.receipts import uploads
from backend.settings import read_settings
from backend.sync import grants, idle, subscriptions
from backend.sync.pull import pull
from backend.sync.push import push
from backend.sync.segments import access
from backend.sync.segments.due import build_due, build_streams
from backend.sync.segments.file_store import FileStore
from backend.sync.verify import verify
from backend.sync.verify_request import VerifyRequest
from backend.sync.waiting_for_receipts import receipts_arrived, requeue_complete
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Gone
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.segment import KeyRange
from tests.databases import engine_of, prepared
from tests.query_plans.explain import overhearing
from tests.query_plans.million import RECORDS, load, md5_of
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.memory_erp import MemoryErp
from tests.unit.receipts.conftest import JPEG
from tests.unit.sync import company
from tests.unit.sync.prices import limit, price, price_list
from tests.unit.sync.replica import NOW

REP, DEVICE = "R7", "D6"
CUSTOMERS = ("territory:T6", "customers")


@pytest.fixture(scope="module")
def million(postgres_server: Any, postgres_template: str, tmp_path_factory: Any) -> Iterator[Sessions]:
    """Sessions on a database with a million records."""
    url = postgres_server.create_database("a_million", postgres_template)
    sessions = prepared(url)
    engine: Engine = engine_of(sessions)
    with engine.begin() as connection:
        load(connection)
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", COLLECTIONS)
        customer = company.customer("C1", "T6", price_list_id="L1")
        publish(session, [company.unit(), company.product("P1"), customer, price_list("L1"), limit(rep=REP)])
        publish(session, [price("p1", "9.00")])
        publish(session, [price("p1", "10.00")])
        session.execute(text("ANALYZE role_collection"))
    yield sessions
    engine.dispose()
    postgres_server.drop_database("a_million")


def read_page(sessions: Sessions, cursor: str | None, schema: int = 2) -> Cursor:
    with sessions() as session:
        snapshot(session)
        page = pull(session, rep_id=REP, cursor_text=cursor, schema=schema, limit_bytes=None, now=NOW)
    return decode_cursor(page.cursor)


def cursor_at(sessions: Sessions, position: int) -> str:
    """Return the cursor of a device that has read all that it hears up to *position*."""
    with sessions() as session:
        head = positions.head(session)
        streams = session.execute(
            text("SELECT channel, collection FROM feed_stream WHERE channel IN ('everyone', 'territory:T6')")
        ).all()
    return Cursor(head.epoch, position, {(c, n): Mark(position) for c, n in streams}).encode()


def polls(sessions: Sessions, folder: Path) -> None:
    with read_connection(engine_of(sessions)) as connection:
        idle.unchanged_since(
            connection, AccessToken(REP, DEVICE, 1, 0, 0, "kid"), cursor_at(sessions, RECORDS), 2
        )


def looks(sessions: Sessions, folder: Path) -> None:
    token = AccessToken(REP, DEVICE, 1, 0, 0, "kid")
    with sessions() as session:
        snapshot(session)
        assert subscriptions.for_device(session, token)[1].states
    with read_connection(engine_of(sessions)) as connection:
        assert access.size_for(connection, token, "a" * 64)[1] is None


def pulls(sessions: Sessions, folder: Path) -> None:
    first = read_page(sessions, None)
    read_page(sessions, first.encode())
    read_page(sessions, cursor_at(sessions, RECORDS - 100))
    read_page(sessions, cursor_at(sessions, RECORDS))
    read_page(sessions, None, schema=1)


def pushes(sessions: Sessions, folder: Path) -> None:
    body = company.order_body(price_list_id="L1")
    ids = [f"01KBR9Z8Q5T00000000000{n:04}" for n in range(50)]
    plain = [company.submission(id, body) for id in ids]
    receipt = company.submission("01KBR9Z8Q5T000000000001000", body, needs=["sha256:" + "a" * 64])
    copy = company.submission("01KBR9Z8Q5T000000000001001", body, supersedes=ids[0])
    for documents in (plain, [receipt, copy], plain):
        with sessions() as session, session.begin():
            results = push(session, rep_id=REP, device_id=DEVICE, submissions=documents, now=NOW)
        assert {result["status"] for result in results} <= {"received", "duplicate"}
    with sessions() as session, session.begin():
        receipts_arrived(session, rep_id=REP, sha256="a" * 64, now=NOW)
    with sessions() as session, session.begin():
        requeue_complete(session, NOW)


def publishes(sessions: Sessions, folder: Path) -> None:
    with sessions() as session, session.begin():
        publish(session, [company.customer("K56", "T7"), company.order("K99", "K56"), Gone("orders", "K7")])


def verifies(sessions: Sessions, folder: Path) -> None:
    keys = KeyRange("K1", "K5")
    steps = (
        VerifyRequest(sums={CUSTOMERS: Checksum(1_900, 1)}),
        VerifyRequest(split=[(CUSTOMERS, KeyRange("", None)), (CUSTOMERS, keys)]),
        VerifyRequest(rows=[(CUSTOMERS, KeyRange("K56", "K57"), {"K56": 1})]),
    )
    with sessions() as session:
        head = positions.head(session).position
    for request in steps:
        with sessions() as session:
            snapshot(session)
            verify(session, rep_id=REP, cursor_text=cursor_at(sessions, head), schema=2, request=request)


def builds(sessions: Sessions, folder: Path) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(folder), "SATCHEL_SEGMENT_ROWS": "3000000"})
    store, clock = FileStore(folder / "segments"), ManualClock(NOW)
    build_due(sessions, store, clock, settings)
    build_streams(sessions, store, clock, folder, [CUSTOMERS])
    build_due(sessions, store, clock, settings)
    pulls(sessions, folder)


def compacts(sessions: Sessions, folder: Path) -> None:
    with sessions() as session, session.begin():
        session.execute(
            text("INSERT INTO feed_position_time (position, at) VALUES (:position, :at)"),
            {"position": RECORDS // 2, "at": NOW - dt.timedelta(days=100)},
        )
    compaction.compact(sessions, ManualClock(NOW), 90, limit=2_000)


def forwards(sessions: Sessions, folder: Path) -> None:
    """Forward orders, one of which waits for another; and a forecast beside those that the ERP has."""
    erp = MemoryErp(folder / "erp")
    settings = read_settings({"SATCHEL_FOLDER": str(folder)})
    inbox = InboxFixture(sessions, ManualClock(NOW), settings, erp)
    first, *others = inbox.capture_many(("X1", "X2", "X1"), rep=REP)
    inbox.capture(rep=REP, customer="X3", depends_on=[first])
    line = {"product_id": "P1", "quantity": "3", "unit": "u"}
    body = {"warehouse_id": "W1", "period": "2026-12", "customer_id": None, "revision": 1, "lines": [line]}
    forecast = inbox.capture(body, kind="forecast", rep=REP)
    inbox.forwarder().drain()
    assert inbox.states(first, *others, forecast) == ["accepted"] * 4


def uploads_receipts(sessions: Sessions, folder: Path) -> None:
    with sessions() as session, session.begin():
        begun = uploads.create(
            session,
            folder,
            rep=REP,
            sha256="b" * 64,
            size=20,
            name="x",
            now=NOW,
            day=uploads.Day(NOW, 9, 9_999),
        )
        uploads.create(session, folder, rep="R1", sha256=md5_of(1), size=1, name="x", now=NOW)
    with sessions() as session, session.begin():
        uploads.add(session, folder, rep=REP, upload_id=begun.id, offset=0, data=JPEG[:12], now=NOW)
        uploads.status(session, folder, rep=REP, upload_id=begun.id, now=NOW)
        uploads.terminate(session, folder, rep=REP, upload_id=begun.id, now=NOW)


def counts_the_day(sessions: Sessions, folder: Path) -> None:
    with read_connection(engine_of(sessions)) as connection:
        connection.execute(quota.QUERY, {"device": DEVICE, "day_began": NOW - dt.timedelta(hours=9)})


def lists_devices(sessions: Sessions, folder: Path) -> None:
    with sessions() as session:
        assert devices.listed(session, rep=REP)
        assert reports.inventories(session, rep=REP)
        assert reports.syncs(session, DEVICE, 20)
        enrolment_codes.open_codes(session, NOW, rep=REP)
        enrolment_codes.find(session, "0" * 12, NOW)


def remembers_proofs(sessions: Sessions, folder: Path) -> None:
    proof = Proof({}, "t" * 43, "id", int(NOW.timestamp()))
    with sessions() as session, session.begin():
        used_proofs.remember(session, proof, NOW)


@pytest.mark.parametrize(
    "query",
    [
        polls, looks, pulls, pushes, publishes, verifies, builds, compacts, forwards, uploads_receipts,
        counts_the_day, lists_devices, remembers_proofs,
    ],
)  # fmt: skip
def test_each_query_uses_an_index(
    query: Callable[[Sessions, Path], None], million: Sessions, tmp_path: Path
) -> None:
    engine: Engine = engine_of(million)
    with overhearing(engine) as overheard:
        query(million, tmp_path)
    assert overheard.statements
    assert overheard.faults(engine) == []


def test_the_check_finds_a_query_that_reads_or_sorts_a_million_rows(million: Sessions) -> None:
    engine: Engine = engine_of(million)
    with overhearing(engine) as overheard, engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM feed WHERE body LIKE :x"), {"x": "a%"})
        connection.execute(text("SELECT hash FROM feed WHERE collection = 'orders' ORDER BY hash LIMIT 1"))
        connection.execute(text("SELECT 1 FROM submission WHERE sha256 = 'x'"))
    words = " ".join(overheard.faults(engine))
    assert all(fault in words for fault in ("reads all of feed", "sorts", "reads all of submission"))
