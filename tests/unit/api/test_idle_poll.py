"""The idle poll's middleware: when it answers, and every case in which its 304 would be wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text, update
from werkzeug.test import TestResponse

from backend.api.error_barrier import ErrorBarrier
from backend.api.idle_poll import IdlePollMiddleware
from backend.api.services import EXTENSION
from backend.clock import ManualClock
from backend.database.web_session import db
from backend.feed import positions
from backend.feed.models import FeedStream
from backend.identity import enrolment
from backend.identity.models import Device, Rep
from backend.settings import Settings
from backend.sync import grants
from backend.sync.page import etag_of
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from tests.unit.api.installation import Installation, install
from tests.unit.sync.company import customer, order, say

pytestmark = pytest.mark.both_dialects

NW = ("territory:NW", "customers")


class Poller:
    """A phone that has read everything and polls; counts the requests that are passed on to the app."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.phone = installation, installation.phone()
        self.passed_on = 0
        self.barrier = installation.app.outermost
        assert isinstance(self.barrier, ErrorBarrier)
        polls = self.barrier.app
        assert isinstance(polls, IdlePollMiddleware)
        self.ordinary = polls.app
        self.barrier.app = replace(polls, app=self._count)
        self.cursor = self.phone.pull().json["cursor"]
        self.passed_on = 0

    def _count(self, environ: Any, start_response: Any) -> Any:
        self.passed_on += 1
        return self.ordinary(environ, start_response)

    def poll(self, cursor: str | None = None, **options: Any) -> TestResponse:
        """Ask for what came after *cursor*, saying that everything before it is held."""
        cursor = cursor or self.cursor
        headers = {"If-None-Match": f'W/"{etag_of(cursor)}"', **options.pop("headers", {})}
        return self.phone.pull(cursor, headers=headers, **options)

    def remark(self, change: Callable[[dict[Stream, Mark]], None], position: int = 0) -> str:
        """Return the cursor with other marks in it."""
        cursor = decode_cursor(self.cursor)
        marks = dict(cursor.marks)
        change(marks)
        return Cursor(cursor.epoch, cursor.seen + position, marks).encode()


@pytest.fixture
def poller(settings: Settings, clock: ManualClock) -> Iterator[Poller]:
    with install(settings, clock) as installation:
        say(installation.sessions, order("O1", "C1"))
        yield Poller(installation)


def test_an_idle_poll_is_answered_by_the_middleware_with_one_statement(poller: Poller) -> None:
    statements: list[str] = []
    with poller.installation.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda c, k, statement, *more: statements.append(statement))
    reply = poller.poll()
    assert (reply.status_code, reply.data, poller.passed_on) == (304, b"", 0)
    assert len([statement for statement in statements if statement != "BEGIN"]) == 1


@pytest.mark.parametrize("origins", [(), ("https://app.example",)])
def test_middleware_and_endpoint_send_the_same_headers(poller: Poller, origins: tuple[str, ...]) -> None:
    satchel = poller.installation.satchel
    allowing = replace(satchel, settings=replace(satchel.settings, cors_origins=origins))
    poller.installation.app.extensions[EXTENSION] = allowing
    poller.barrier.app = replace(poller.barrier.app, services=allowing)
    sent = {"X-Request-Id": "a-request-of-mine"}
    short, passed_on = poller.poll(headers=sent), poller.passed_on
    # A list of tags is unusual enough to be passed on.
    tags = f'"another", W/"{etag_of(poller.cursor)}"'
    ordinary = poller.poll(headers={**sent, "If-None-Match": tags})
    assert (passed_on, poller.passed_on) == (0, 1)
    assert (short.status, sorted(short.headers)) == (ordinary.status, sorted(ordinary.headers))
    secure = {"base_url": "https://localhost/", "headers": sent}
    assert "max-age" in poller.poll(**secure).headers["Strict-Transport-Security"]
    assert poller.passed_on == 1


def test_an_idle_poll_is_logged(poller: Poller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "satchel.request")
    lines = []
    for tags in (f'W/"{etag_of(poller.cursor)}"', f'"x", W/"{etag_of(poller.cursor)}"'):
        caplog.clear()
        poller.poll(headers={"If-None-Match": tags})
        fields = {k: v for k, v in vars(caplog.records[0]).items() if k in LINE}
        lines.append({**fields, "milliseconds": None})
    assert lines[0] == lines[1]
    assert (lines[0]["rep"], lines[0]["device"]) == ("R1", poller.phone.device_id)


LINE = ("method", "path", "status", "code", "milliseconds", "rep", "device")


def test_changes_in_other_streams_leave_a_poll_idle(poller: Poller) -> None:
    say(poller.installation.sessions, customer("C8", "SE"))
    poller.installation.change(lambda s: grants.assign(s, "R2", "territory:N", poller.installation.clock.now()))
    assert (poller.poll().status_code, poller.passed_on) == (304, 0)


def revoke(session: Any, poller: Poller) -> None:
    device = session.get(Device, poller.phone.device_id)
    enrolment.revoke(session, device, actor="user:office", now=poller.installation.clock.now())


def refused(poller: Poller, code: str) -> dict[str, Any]:
    reply = poller.poll()
    assert (reply.json["code"], poller.passed_on) == (code, 1)
    problem: dict[str, Any] = reply.json
    return problem


def test_a_revoked_device_is_told_to_wipe(poller: Poller) -> None:
    assert poller.poll().status_code == 304
    poller.installation.change(lambda session: revoke(session, poller))
    assert refused(poller, "device_revoked")["wipe"]


def test_the_phone_of_an_inactive_rep_is_told_to_wipe(poller: Poller) -> None:
    poller.installation.change(lambda session: session.execute(update(Rep).values(active=False)))
    assert refused(poller, "device_revoked")["wipe"]


def test_a_device_of_a_new_version_must_refresh(poller: Poller) -> None:
    poller.installation.change(lambda session: session.execute(update(Device).values(version=2)))
    refused(poller, "token_invalid")


def test_a_device_that_is_another_reps_now_must_refresh(poller: Poller) -> None:
    poller.installation.change(lambda session: session.execute(update(Device).values(rep="R2")))
    refused(poller, "token_invalid")


def test_a_token_that_expired_meanwhile_must_be_refreshed(poller: Poller) -> None:
    assert poller.poll().status_code == 304
    poller.installation.clock.advance(minutes=16)
    refused(poller, "token_expired")


def changed_page(poller: Poller, cursor: str | None = None, **options: Any) -> dict[str, Any]:
    reply = poller.poll(cursor, **options)
    assert (reply.status_code, poller.passed_on) == (200, 1), reply.data
    page: dict[str, Any] = reply.json
    return page


def test_a_change_in_a_stream_of_theirs_is_sent(poller: Poller) -> None:
    say(poller.installation.sessions, customer("C1", "NW", name="New"))
    assert changed_page(poller)["changes"]


def test_a_channel_gained_is_sent_though_its_records_are_old(poller: Poller) -> None:
    poller.installation.change(
        lambda s: grants.assign(s, "R1", "territory:SE", poller.installation.clock.now())
    )
    assert [change["channel"] for change in changed_page(poller)["changes"]] == ["territory:SE"]


def test_a_channel_lost_is_dropped(poller: Poller) -> None:
    poller.installation.change(
        lambda s: grants.unassign(s, "R1", "territory:NW", poller.installation.clock.now())
    )
    assert list(NW) in changed_page(poller)["drop"]


def test_a_new_role_drops_and_adds_collections(poller: Poller) -> None:
    poller.installation.change(lambda s: grants.set_role(s, "clerk", ["products"]))
    poller.installation.change(lambda s: s.execute(update(Rep).where(Rep.id == "R1").values(role="clerk")))
    assert list(NW) in changed_page(poller)["drop"]


def test_a_changed_role_drops_and_adds_collections(poller: Poller) -> None:
    poller.installation.change(lambda s: grants.set_role(s, "sales", set(COLLECTIONS) - {"customers"}))
    page = changed_page(poller)
    assert page["drop"] == [list(NW)]
    poller.installation.change(lambda s: grants.set_role(s, "sales", COLLECTIONS))
    poller.passed_on = 0
    assert [change["collection"] for change in changed_page(poller, page["cursor"])["changes"]] == ["customers"]


def test_an_app_of_another_revision_understands_other_collections(
    poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COLLECTIONS, "orders", replace(COLLECTIONS["orders"], since=2))
    older = poller.phone.pull(query={"schema": 1}).json["cursor"]
    poller.passed_on = 0
    assert poller.poll(older, query={"schema": 1}).status_code == 304
    assert poller.poll(query={"schema": 2}).status_code == 304
    assert poller.passed_on == 0
    assert [change["collection"] for change in changed_page(poller, older, query={"schema": 2})["changes"]] == [
        "orders"
    ]
    poller.passed_on = 0
    assert changed_page(poller, query={"schema": 1})["drop"] == [["territory:NW", "orders"]]


def test_a_new_epoch_is_passed_to_the_endpoint(poller: Poller) -> None:
    poller.installation.change(positions.new_epoch)
    assert changed_page(poller)["reset"]


def test_a_server_behind_the_cursor_says_not_yet(poller: Poller) -> None:
    ahead = poller.remark(lambda marks: None, position=100)
    reply = poller.poll(ahead)
    assert (reply.status_code, reply.json["code"], poller.passed_on) == (503, "not_yet", 1)


def test_a_stream_whose_tombstones_are_gone_starts_again(poller: Poller) -> None:
    floor = decode_cursor(poller.cursor).seen + 1
    stream = update(FeedStream).where(FeedStream.channel == NW[0], FeedStream.collection == NW[1])
    poller.installation.change(lambda session: session.execute(stream.values(floor=floor)))
    page = changed_page(poller)
    assert (page["drop"], len(page["changes"])) == ([list(NW)], 1)


def test_a_stream_read_in_part_continues(poller: Poller) -> None:
    position = decode_cursor(poller.cursor).seen

    def half(marks: dict[Stream, Mark]) -> None:
        marks[NW] = Mark(1, position)

    assert changed_page(poller, poller.remark(half))["changes"]


def test_a_stream_at_its_first_position_is_read(poller: Poller) -> None:
    """As after an offer of segments, which are not applied yet."""
    position = decode_cursor(poller.cursor).seen

    def begin(marks: dict[Stream, Mark]) -> None:
        marks[NW] = Mark(0, position)

    assert changed_page(poller, poller.remark(begin))["changes"]


def test_a_stream_that_the_cursor_does_not_name_is_read(poller: Poller) -> None:
    assert changed_page(poller, poller.remark(lambda marks: marks.pop(NW)))["changes"]


def test_a_stream_of_another_rep_is_dropped(poller: Poller) -> None:
    foreign = ("territory:SE", "customers")
    page = changed_page(poller, poller.remark(lambda marks: marks.update({foreign: Mark(10**9)})))
    assert page["drop"] == [list(foreign)]


def test_a_missing_and_a_surplus_stream_are_not_idle(poller: Poller) -> None:
    def swap(marks: dict[Stream, Mark]) -> None:
        marks["territory:SE", "customers"] = marks.pop(NW)

    page = changed_page(poller, poller.remark(swap))
    assert page["drop"] and page["changes"]


@pytest.mark.parametrize(
    "unusual",
    [
        {"headers": {"If-None-Match": "*"}},
        {"headers": {"If-None-Match": 'W/"0123"'}},
        {"headers": {"Authorization": "Basic x"}},
        {"headers": {"Origin": "https://elsewhere.example"}},
        {"query": {"limit_bytes": "none"}},
        {"query": {"schema": "0"}},
        {"query": {"more": "1"}},
    ],
)
def test_an_unusual_request_is_passed_to_the_endpoint(poller: Poller, unusual: dict[str, Any]) -> None:
    poller.poll(**unusual)
    assert poller.passed_on == 1


def test_an_invalid_cursor_is_answered_by_the_endpoint(poller: Poller) -> None:
    reply = poller.poll("garbage")
    assert (reply.status_code, reply.json["code"], poller.passed_on) == (400, "cursor_invalid", 1)


def test_a_database_without_tables_is_answered_by_the_endpoint(poller: Poller) -> None:
    poller.installation.change(lambda session: session.execute(text("DELETE FROM feed_head")))
    reply = poller.poll()
    assert (reply.status_code, reply.json["code"]) == (503, "unavailable")
