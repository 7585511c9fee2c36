"""The cost of finding a stale, a missing and a surplus row among 100,000: bytes, requests, statements."""

import gzip
import json
from typing import Any

from sqlalchemy import event, insert, update

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.database.web_session import db
from backend.feed.models import FeedHead, FeedRow, FeedStream
from backend.settings import Settings
from sync_protocol.canonical import canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.cursor import Cursor, Mark
from tests.unit.api.installation import Phone, install
from tests.unit.sync.company import customer
from tests.unit.sync.verifier import Verifier

ROWS = 100_000
NW = ("territory:NW", "customers")
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Accept-Encoding": "gzip"}


class Bulk:
    """Customers written past `publish()`, which would take its time; `hashes` are those of a right replica."""

    def __init__(self) -> None:
        self.hashes: dict[str, int] = {}

    def __call__(self, sessions: Sessions) -> None:
        channel, collection = NW
        pattern = canonical(customer("C000000", "NW").record).decode()
        rows = []
        for n in range(ROWS):
            key = f"C{n:06}"
            body = pattern.replace("C000000", key)
            self.hashes[key] = row_hash(collection, key, body)
            row = {"channel": channel, "collection": collection, "key": key, "position": n + 1, "body": body}
            rows.append({**row, "hash": signed(self.hashes[key])})
        stream = {"head": ROWS, "floor": 0, "rows": ROWS, "sum": signed(sum(self.hashes.values()))}
        with sessions() as session, session.begin():
            session.execute(update(FeedHead).values(position=ROWS))
            session.connection().execute(FeedRow.__table__.insert(), rows)
            session.execute(insert(FeedStream).values(channel=channel, collection=collection, **stream))


class Line:
    """A phone's line: what goes over it is packed, and counted."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.up = self.down = 0

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        sent = gzip.compress(json.dumps(request, separators=(",", ":")).encode())
        reply = self.phone.ask("POST", "/v1/verify", data=sent, headers=HEADERS)
        assert reply.status_code == 200
        self.up += len(sent)
        self.down += len(reply.data)
        packed = reply.headers.get("Content-Encoding") == "gzip"
        value: dict[str, Any] = json.loads(gzip.decompress(reply.data) if packed else reply.data)
        return value


def test_three_rows_of_a_hundred_thousand_are_repaired_with_a_few_kilobytes(
    settings: Settings, clock: ManualClock
) -> None:
    bulk = Bulk()
    with install(settings, clock, bulk) as installation:
        line = Line(installation.phone())
        with installation.sessions() as session:
            epoch = session.get_one(FeedHead, 1).epoch
        cursor = Cursor(epoch, ROWS, {NW: Mark(ROWS)}).encode()
        device = Verifier({NW: dict(bulk.hashes)}, cursor)
        device.rows[NW]["C012345"] ^= 1
        del device.rows[NW]["C050000"]
        device.rows[NW]["C077777-gone"] = 4711
        statements: list[str] = []
        with installation.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        device.verify(line)
        assert device.rows[NW] == bulk.hashes
        assert set(device.records) == {(NW, "C012345"), (NW, "C050000")}
        assert device.steps == 4
        assert line.up + line.down < 8 * 1024, (line.up, line.down)
        reads = [" ".join(statement.split()) for statement in statements if "FROM feed " in statement]
        # The stream is split, then the three parts that differ, then three parts of those; three are read.
        assert ["ntile" in statement for statement in reads] == [True] * 7 + [False] * 3
