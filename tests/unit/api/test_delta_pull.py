"""The delta's middleware: it answers as the app does, and leaves to the app what it must."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from backend import metrics
from backend.api import compression
from backend.api.compression import zstd
from backend.api.delta_pull import DeltaMiddleware
from backend.api.error_barrier import ErrorBarrier
from backend.api.idle_poll import IdlePollMiddleware
from backend.api.services import EXTENSION
from backend.api.work import Work
from backend.clock import ManualClock
from backend.feed import positions
from backend.feed.models import FeedStream
from backend.identity import enrolment
from backend.identity.models import Device
from backend.settings import read_settings
from backend.sync import delta, grants
from backend.sync.page import etag_of
from sync_protocol.change import Gone, Stream
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from tests.unit.api.installation import Installation, install
from tests.unit.sync.company import customer, order, product, say

NW = ("territory:NW", "customers")


class Reader:
    """A phone that has read everything; counts the requests that are passed on to the app."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.phone, self.passed_on = installation, installation.phone(), 0
        barrier = installation.app.outermost
        assert isinstance(barrier, ErrorBarrier)
        polls = barrier.app
        assert isinstance(polls, IdlePollMiddleware)
        assert isinstance(polls.app, DeltaMiddleware)
        self.barrier, self.polls, self.deltas = barrier, polls, polls.app
        self.use()
        self.cursor = self.phone.pull().json["cursor"]
        self.passed_on = 0

    def use(self, **options: Any) -> None:
        """Use the middleware with *options* instead of its own attributes."""
        self.barrier.app = replace(self.polls, app=replace(self.deltas, app=self._count, **options))

    def _count(self, environ: Any, start_response: Any) -> Any:
        self.passed_on += 1
        return self.deltas.app(environ, start_response)

    def pull(self, cursor: str | None = None, **options: Any) -> TestResponse:
        headers = {"X-Request-Id": "a-request-of-mine", "Accept-Encoding": "identity"}
        headers |= options.pop("headers", {})
        return self.phone.pull(cursor or self.cursor, headers=headers, **options)

    def both(self, cursor: str | None = None, **options: Any) -> tuple[TestResponse, TestResponse]:
        """Return the middleware's reply and the app's."""
        before = self.passed_on
        short = self.pull(cursor, **options)
        assert self.passed_on == before, short.data
        self.barrier.app = replace(self.polls, app=self.deltas.app)
        ordinary = self.pull(cursor, **options)
        self.use()
        return short, ordinary

    def say(self, *changes: Any) -> None:
        say(self.installation.sessions, *changes)

    def remark(self, change: Callable[[dict[Stream, Mark]], None]) -> str:
        """Return the cursor with other marks in it."""
        cursor = decode_cursor(self.cursor)
        marks = dict(cursor.marks)
        change(marks)
        return Cursor(cursor.epoch, cursor.seen, marks).encode()


@pytest.fixture
def reader(tmp_path: Path, postgres_url: str, clock: ManualClock) -> Iterator[Reader]:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    with install(settings, clock) as installation:
        say(installation.sessions, order("O1", "C1"), product("P1"))
        yield Reader(installation)


def test_a_delta_has_the_bytes_and_headers_of_the_apps_page(reader: Reader) -> None:
    reader.say(customer("C1", "NW", name='Ü "quoted" \\ 漢'), product("P1"), order("Ö9", "C1"))
    reader.say(Gone("orders", "O1"), Gone("orders", "Ö9"), customer("C7", "NW"))
    short, ordinary = reader.both()
    assert short.data == ordinary.data
    assert sorted(short.headers) == sorted(ordinary.headers)
    page = short.json
    assert [len(change["gone"]) for change in page["changes"] if change["collection"] == "orders"] == [2]
    assert page["complete"]
    assert decode_cursor(page["cursor"]).seen == page["head"]


def test_with_sqlite_the_app_answers_every_pull(tmp_path: Path, clock: ManualClock) -> None:
    with install(read_settings({"SATCHEL_FOLDER": str(tmp_path)}), clock) as installation:
        reader = Reader(installation)
        assert reader.pull().status_code == 200
        assert reader.passed_on == 1


def test_a_cursor_without_news_gets_the_empty_page(reader: Reader) -> None:
    short, ordinary = reader.both()
    assert (short.data, short.json["changes"]) == (ordinary.data, [])


@pytest.mark.parametrize("origins", [(), ("https://app.example",)])
@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_delta_is_compressed_as_the_app_does(reader: Reader, coding: str, origins: tuple[str, ...]) -> None:
    satchel = reader.installation.satchel
    allowing = replace(satchel, settings=replace(satchel.settings, cors_origins=origins))
    reader.installation.app.extensions[EXTENSION] = allowing
    reader.deltas = replace(reader.deltas, services=allowing)
    reader.use()
    reader.say(*(customer(f"C{n}", "NW") for n in range(20)))
    short, ordinary = reader.both(
        headers={"Accept-Encoding": f"{coding}, br;q=0.1"}, base_url="https://localhost/"
    )
    plain = {"zstd": zstd.decompress, "gzip": gzip.decompress}[coding]
    assert short.headers["Content-Encoding"] == coding
    assert plain(short.data) == plain(ordinary.data)
    differing = {"Content-Length"}
    assert [h for h in sorted(short.headers) if h[0] not in differing] == [
        h for h in sorted(ordinary.headers) if h[0] not in differing
    ]


def test_a_small_delta_and_one_in_brotli_are_right(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MIN_BYTES", 10**6)
    assert "Content-Encoding" not in reader.pull(headers={"Accept-Encoding": "zstd"}).headers
    assert reader.passed_on == 0
    reader.say(*(customer(f"C{n}", "NW") for n in range(20)))
    assert reader.pull(headers={"Accept-Encoding": "br"}).headers["Content-Encoding"] == "br"
    assert reader.passed_on == 1


def test_a_poll_that_finds_changes_gets_them(reader: Reader) -> None:
    reader.say(customer("C1", "NW", name="New"))
    tag = {"If-None-Match": f'W/"{etag_of(reader.cursor)}"'}
    assert reader.pull(headers=tag).json["changes"]
    assert reader.passed_on == 0


def test_a_delta_is_logged_and_counted(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    reader.say(customer("C1", "NW", name="New"))
    caplog.set_level("INFO", "satchel.request")
    pages = metrics.PAGES.samples()["changes",]
    reader.both()
    lines = [{**vars(record), "milliseconds": None} for record in caplog.records]
    names = ("method", "path", "status", "milliseconds", "rep", "device")
    assert [lines[0].get(name) for name in names] == [lines[1].get(name) for name in names]
    assert metrics.PAGES.samples()["changes",] == pages + 2


def passed_on(reader: Reader, cursor: str | None = None, **options: Any) -> TestResponse:
    reply = reader.pull(cursor, **options)
    assert reader.passed_on == 1, reply.data
    return reply


def test_a_revoked_device_is_told_to_wipe(reader: Reader) -> None:
    def revoke(session: Any) -> None:
        device = session.get(Device, reader.phone.device_id)
        enrolment.revoke(session, device, actor="user:office", now=reader.installation.clock.now())

    reader.installation.change(revoke)
    assert passed_on(reader).json["wipe"]


def test_a_device_of_a_new_version_must_refresh(reader: Reader) -> None:
    reader.installation.change(lambda session: session.execute(update(Device).values(version=2)))
    assert passed_on(reader).json["code"] == "token_invalid"


def test_a_channel_lost_is_dropped_and_not_read(reader: Reader) -> None:
    now = reader.installation.clock.now()
    reader.say(customer("C1", "NW", name="New"))
    reader.installation.change(lambda s: grants.unassign(s, "R1", "territory:NW", now))
    short, ordinary = reader.both()
    page = short.json
    assert short.data == ordinary.data
    assert list(NW) in page["drop"]
    assert not [change for change in page["changes"] if change["channel"] == "territory:NW"]


def test_the_statement_reads_no_stream_that_the_rep_may_not_read(reader: Reader) -> None:
    """Even if the page would not use it."""
    reader.say(customer("C8", "SE"))
    cursor = reader.remark(lambda marks: marks.update({("territory:SE", "customers"): Mark(1)}))
    statements: list[Any] = []
    real = delta.pull.page_after

    def look(source: Any, **options: Any) -> Any:
        statements.append(source.changes)
        return real(source, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(delta.pull, "page_after", look)
        page = reader.pull(cursor).json
    assert ["territory:SE", "customers"] in page["drop"]
    assert statements[0] == {}


def test_a_channel_gained_is_read_from_its_beginning(reader: Reader) -> None:
    now = reader.installation.clock.now()
    reader.say(customer("C8", "SE"))
    reader.installation.change(lambda s: grants.assign(s, "R1", "territory:SE", now))
    assert [change["channel"] for change in passed_on(reader).json["changes"]] == ["territory:SE"]


def test_a_new_epoch_resets(reader: Reader) -> None:
    reader.installation.change(positions.new_epoch)
    assert passed_on(reader).json["reset"]


def test_a_server_behind_the_cursor_says_not_yet(reader: Reader) -> None:
    cursor = decode_cursor(reader.cursor)
    ahead = Cursor(cursor.epoch, cursor.seen + 100, cursor.marks).encode()
    assert passed_on(reader, ahead).json["code"] == "not_yet"


def test_a_stream_whose_tombstones_are_gone_starts_again(reader: Reader) -> None:
    floor = decode_cursor(reader.cursor).seen + 1
    stream = update(FeedStream).where(FeedStream.channel == NW[0], FeedStream.collection == NW[1])
    reader.installation.change(lambda session: session.execute(stream.values(floor=floor)))
    assert passed_on(reader).json["drop"] == [list(NW)]


@pytest.mark.parametrize("mark", [Mark(1, 10**6), Mark(0, 10**6)])
def test_a_stream_read_in_part_continues(reader: Reader, mark: Mark) -> None:
    assert passed_on(reader, reader.remark(lambda marks: marks.update({NW: mark}))).json["changes"]


def test_a_delta_of_many_rows_is_cut_by_the_app(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.say(*(customer(f"C{n}", "NW", name="New") for n in range(30)))
    monkeypatch.setattr(delta, "ROWS_AT_ONCE", 30)
    assert passed_on(reader).json["complete"]
    reader.passed_on = 0
    monkeypatch.setattr(delta, "ROWS_AT_ONCE", 31)
    assert reader.pull().json["complete"]
    assert reader.passed_on == 0


def test_a_delta_above_the_size_of_a_page_is_cut_by_the_app(reader: Reader) -> None:
    reader.say(*(customer(f"C{n}", "NW", name="N" * 200) for n in range(200)))
    assert not passed_on(reader, query={"limit_bytes": 1}).json["complete"]


@pytest.mark.parametrize(
    "unusual",
    [
        {"headers": {"Authorization": "Basic x"}},
        {"headers": {"Origin": "https://elsewhere.example"}},
        {"query": {"limit_bytes": "none"}},
        {"query": {"more": "1"}},
    ],
)
def test_an_unusual_request_is_passed_to_the_endpoint(reader: Reader, unusual: dict[str, Any]) -> None:
    passed_on(reader, **unusual)


def test_an_invalid_cursor_is_answered_by_the_endpoint(reader: Reader) -> None:
    assert passed_on(reader, "garbage").json["code"] == "cursor_invalid"


def test_a_first_sync_is_answered_by_the_endpoint(reader: Reader) -> None:
    assert reader.phone.pull().json["changes"]
    assert reader.passed_on == 1


def test_a_server_with_a_standby_routes_its_reads_in_the_endpoint(reader: Reader) -> None:
    services = replace(reader.installation.satchel, standby=object())
    reader.use(services=services)
    passed_on(reader)


def test_a_busy_server_refuses_a_delta_as_the_endpoint_does(reader: Reader) -> None:
    admission = reader.installation.satchel.admission
    taken = 0
    while admission.enter(Work.PULL):
        taken += 1
    assert passed_on(reader).json["code"] == "server_busy"
    for _ in range(taken):
        admission.leave()
    assert reader.pull().status_code == 200
    assert (reader.passed_on, admission.running) == (1, 0)
