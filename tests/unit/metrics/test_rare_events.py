"""Counters of what should be rare: lost leases, dropped streams, fallbacks to the primary, reused tokens."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import metrics
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery.queue.acquire import acquire
from backend.feed import positions
from backend.feed.models import FeedStream
from backend.feed.positions import FeedMissing, Head
from backend.settings import Settings, read_settings
from backend.sync import grants
from backend.sync.pull import NotYet
from backend.sync.standby import Standby
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from tests.conftest import MONDAY
from tests.databases import engine_of
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.queue.leases import lease_next
from tests.unit.delivery.recording_erp import KINDS, RecordingErp
from tests.unit.metrics.change import Change
from tests.unit.sync.company import customer, order_body, say, submission

ID = "01KBR9Z8Q5T00000000000{:04}"
DEAD = "postgresql+psycopg://nobody@127.0.0.1:9/none"


@pytest.fixture
def installation(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    values = {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_SEGMENT_ROWS": "20"}
    with install(read_settings(values), clock) as installation:
        yield installation


@pytest.fixture
def phone(installation: Installation) -> Phone:
    return installation.phone()


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path) -> InboxFixture:
    return InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))


# Pushes


def test_bytes_of_pushes_are_counted_as_received(phone: Phone) -> None:
    size, pushes = Change(metrics.PUSH_BYTES), Change(metrics.PUSHES)
    body = json.dumps({"submissions": [submission(ID.format(1), order_body())]}).encode()
    packed = gzip.compress(body)
    assert len(packed) < len(body)
    plain = {"Content-Type": "application/json"}
    reply = phone.ask("POST", "/v1/push", data=packed, headers={**plain, "Content-Encoding": "gzip"})
    assert reply.status_code == 200
    assert size() == {(): len(packed)} and pushes() == {(): 1}
    assert phone.ask("POST", "/v1/push", data=body, headers=plain).status_code == 200
    assert phone.ask("POST", "/v1/push", data=body[:-1], headers=plain).status_code == 400
    assert size() == {(): len(packed) + len(body)} and pushes() == {(): 2}


# Pulls


def test_a_stream_that_the_rep_may_no_longer_read_is_dropped(installation: Installation, phone: Phone) -> None:
    cursor = phone.pull().json["cursor"]
    drops, resets = Change(metrics.DROPS), Change(metrics.RESETS)
    assert phone.pull(cursor).json["drop"] == [] and drops() == {}
    installation.change(lambda session: grants.unassign(session, "R1", "territory:NW", MONDAY))
    dropped = phone.pull(cursor).json["drop"]
    assert dropped and drops() == {("revoked",): len(dropped)} and resets() == {}


def test_a_stream_whose_tombstones_were_deleted_is_dropped(installation: Installation, phone: Phone) -> None:
    cursor = phone.pull().json["cursor"]
    say(installation.sessions, customer("C9", "NW"))
    installation.change(
        lambda session: session.execute(
            update(FeedStream)
            .where(FeedStream.channel == "territory:NW", FeedStream.collection == "customers")
            .values(floor=FeedStream.head)
        )
    )
    drops = Change(metrics.DROPS)
    assert phone.pull(cursor).json["drop"] == [["territory:NW", "customers"]]
    assert drops() == {("compacted",): 1}


def test_a_stream_that_was_read_in_part_before_an_epoch_is_dropped(
    installation: Installation, phone: Phone
) -> None:
    """Its segments are built by this request, so the page is built twice; it is counted once."""
    start = phone.pull(query={"schema": 2}).json["cursor"]
    say(installation.sessions, *[customer(f"N{n:02}", "NW", notes="x" * 500) for n in range(40)])
    page = phone.pull(start, query={"schema": 2, "limit_bytes": 4096}).json
    assert not page["complete"]
    # A phone that has read everything else, and of the customers only these.
    cursor = _in_part(page["cursor"])
    installation.change(positions.new_epoch)
    drops, resets, pages = Change(metrics.DROPS), Change(metrics.RESETS), Change(metrics.PAGES)
    rows = Change(metrics.PAGE_ROWS)
    page = phone.pull(cursor, query={"schema": 2}).json
    assert page["reset"] == "epoch_rebased" and page["drop"] == [["territory:NW", "customers"]]
    assert page["segments"], "the page was not built twice"
    assert drops() == {("epoch",): 1} and resets() == {("epoch_rebased",): 1} and pages() == {("changes",): 1}
    sent = sum(len(change["put"]) + len(change["gone"]) for change in page["changes"])
    assert rows() == ({(): sent} if sent else {})


def _in_part(text: str) -> str:
    """Return the cursor *text* with a mark at the start of the customers."""
    cursor = decode_cursor(text)
    marks = dict(cursor.marks)
    marks[("territory:NW", "customers")] = Mark(1, cursor.seen)
    return Cursor(cursor.epoch, cursor.seen, marks).encode()


# Standby


def raising(error: Exception) -> Callable[..., Any]:
    def query(session: Any, head: Head) -> Any:
        raise error

    return query


class _Conflict(Exception):
    sqlstate = "40001"


@pytest.mark.parametrize(
    ("behind", "query", "result"),
    [
        (0, lambda session, head: 1, "served"),
        (0, lambda session, head: None, "behind"),
        (1, lambda session, head: 1, "behind"),
        (0, raising(NotYet(1)), "behind"),
        (0, raising(PoolTimeout()), "busy"),
        (0, raising(OperationalError("SELECT", {}, _Conflict("recovery"))), "conflict"),
        (0, raising(OperationalError("SELECT", {}, Exception("gone"))), "failed"),
        (0, raising(FeedMissing()), "refused"),
        (0, raising(DataError("SELECT", {}, Exception("no date"))), "refused"),
    ],
)
def test_reads_of_the_standby_by_result(
    sessions: Sessions, behind: int, query: Callable[..., Any], result: str
) -> None:
    standby, reads = Standby(DEAD), Change(metrics.STANDBY_READS)
    standby.close()
    standby._engine = engine_of(sessions)
    with sessions() as session:
        head = positions.head(session)
    assert standby.read(head, head.position + behind, query) == (1 if result == "served" else None)
    assert reads() == {(result,): 1}


def test_pulls_served_by_the_primary_are_counted(
    installation: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Change(metrics.STANDBY_READS)
    assert phone.pull().status_code == 200 and reads() == {}
    standby = Standby(DEAD)
    monkeypatch.setitem(vars(installation.satchel), "standby", standby)
    for _ in range(3):
        assert phone.pull().json["complete"]
    assert reads() == {("failed",): 1, ("unavailable",): 2}
    standby.close()


# Tokens


def test_a_reused_refresh_token_is_counted(phone: Phone) -> None:
    reuses, problems = Change(metrics.REFRESH_REUSES), Change(metrics.HTTP_PROBLEMS)
    first = phone.refresh_token
    phone.keep(phone.refresh())
    # The previous one again means that the reply was lost.
    assert phone.refresh(first).status_code == 200 and reuses() == {}
    phone.keep(phone.refresh())
    phone.installation.clock.advance(seconds=1)
    assert phone.refresh(first).status_code == 401
    assert phone.refresh("nonsense").status_code == 401
    assert reuses() == {(): 1} and problems() == {("refresh_invalid",): 2}


# Leases


@pytest.mark.parametrize(("step", "phase"), [("create", "sending"), ("advance", "settling")])
def test_a_lease_lost_during_a_call_is_counted(
    inbox: InboxFixture, monkeypatch: pytest.MonkeyPatch, step: str, phase: str
) -> None:
    lost, expired, settled = (
        Change(metric) for metric in (metrics.LEASES_LOST, metrics.LEASES_EXPIRED, metrics.SETTLED)
    )
    real = getattr(inbox.erp, step)

    def slow(*arguments: Any) -> Any:
        result = real(*arguments)
        inbox.clock.advance(hours=1)
        assert lease_next(inbox, "w2") is not None
        return result

    monkeypatch.setattr(inbox.erp, step, slow)
    inbox.capture()
    inbox.forward_one()
    assert lost() == {(phase,): 1} and expired() == {(): 1} and settled() == {}


def test_a_document_that_is_settled_in_time_loses_no_lease(inbox: InboxFixture) -> None:
    lost, expired = Change(metrics.LEASES_LOST), Change(metrics.LEASES_EXPIRED)
    inbox.capture()
    assert inbox.forward_one() == 1
    assert lost() == {} and expired() == {}


def test_an_expired_lease_is_counted_when_it_is_taken_back_for_good(inbox: InboxFixture) -> None:
    """The database may abort the transaction that takes it back; another one then does it again."""
    expired = Change(metrics.LEASES_EXPIRED)
    inbox.capture()
    assert lease_next(inbox) is not None
    inbox.clock.advance(hours=1)
    with pytest.raises(LookupError), inbox.sessions() as session, session.begin():
        acquire(session, now=inbox.clock.now(), worker="w2", lease_seconds=60, kinds=KINDS)
        raise LookupError
    assert expired() == {}
    assert lease_next(inbox, "w2") is not None
    assert expired() == {(): 1}
