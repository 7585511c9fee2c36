"""A replica that differs is found by its checksum and repaired row by row, or else fetched again."""

from typing import Any

import pytest

from sync_protocol.checksum import Checksum
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, Problem
from sync_protocol.device.page import read_page
from sync_protocol.device.store import checks, replica
from sync_protocol.limits import LIMITS
from sync_protocol.verify import VerifyRequestSchema
from tests.unit.device.company import TERRITORY, customer, order_body
from tests.unit.device.contents import contents
from tests.unit.device.feed_server import FeedServer

CUSTOMERS = (TERRITORY, "customers")


@pytest.fixture
def many(device: Device, server: FeedServer) -> Device:
    """A device with 3,000 more customers."""
    for n in range(3000):
        server.feed.put(TERRITORY, "customers", f"M{n:04}", customer(f"M{n:04}", f"Many {n}"))
    report = device.sync()
    assert report.verified and report.put == 3000
    return device


def damage(device: Device) -> None:
    """Make one row stale, lose one, and keep one that is gone; the hashes fit their bodies."""
    with device.db.writing():
        device.db.run("DELETE FROM record WHERE key = 'M0777'")
        device.db.run(
            "INSERT INTO record SELECT collection, 'M1500x', channel, position,"
            " replace(body, 'M1500', 'M1500x'), 0, search_text, parent FROM record WHERE key = 'M1500'"
        )
        device.db.run(
            "UPDATE record SET body = replace(body, 'Many 2222', 'Stale'), position = 3999 WHERE key = 'M2222'"
        )
    assert checks.rehash(device.db) == 2


def test_one_stale_one_missing_and_one_surplus_row_are_repaired_with_little(
    many: Device, server: FeedServer
) -> None:
    damage(many)
    server.received.clear()
    report = many.sync()
    assert report.unchanged and report.verified and report.problem is None
    assert (report.repaired, report.removed) == (2, 1)
    assert contents(many) == server.feed.live()
    assert server.request_lines().count("POST /v1/verify") == 3  # all of it, parts, rows
    assert report.sent < 6_000 and report.received < 12_000
    # The row whose position had been too high takes later changes again.
    server.feed.put(TERRITORY, "customers", "M2222", customer("M2222", "Later"))
    assert many.sync().verified and many.record("customers", "M2222") == customer("M2222", "Later")


def test_nothing_is_verified_while_the_checksums_are_equal(device: Device, server: FeedServer) -> None:
    server.feed.gone("customers", "C2")
    assert device.sync().verified and device.sync().verified
    assert "POST /v1/verify" not in server.request_lines()
    assert device.status().sync_state.verified_at == server.feed.server_time


def test_a_difference_is_not_forgotten_when_the_line_breaks(many: Device, server: FeedServer) -> None:
    """The next answer is a 304, which compares nothing; that the replica is not proven is on the disk."""
    damage(many)
    server.once("/v1/verify", lambda request: problem(503, "unavailable", retry_after=9))
    report = many.sync()
    assert report.complete and not report.verified and report.retry_after == 9
    assert many.sync().verified and contents(many) == server.feed.live()


def test_a_repair_that_is_cut_in_the_middle_keeps_what_it_has(many: Device, server: FeedServer) -> None:
    damage(many)
    questions = 0

    def third_is_lost(request: Request) -> Reply | None:
        nonlocal questions
        questions += request.path == "/v1/verify"
        lost = request.path == "/v1/verify" and questions == 3
        return problem(503, "unavailable") if lost else None

    server.override = third_is_lost
    assert isinstance(many.sync().problem, Problem)
    assert many.sync().verified and contents(many) == server.feed.live()


def test_a_stream_that_moved_on_meanwhile_is_pulled_first(many: Device, server: FeedServer) -> None:
    damage(many)

    def change_before_the_second_step(request: Request) -> None:
        if request.path == "/v1/verify" and len(server.requests("/v1/verify")) == 2:
            server.feed.put(TERRITORY, "customers", "M0001", customer("M0001", "Meanwhile"))

    server.override = change_before_the_second_step
    assert many.sync().verified and contents(many) == server.feed.live()


def test_a_server_that_changes_all_the_time_costs_a_few_pulls_and_no_restart(
    many: Device, server: FeedServer
) -> None:
    damage(many)
    run = many.status().sync_state.run

    def change_before_every_step(request: Request) -> None:
        if request.path == "/v1/verify":
            server.feed.put(TERRITORY, "customers", "M0001", customer("M0001", f"{len(server.received)}"))

    server.override = change_before_every_step
    report = many.sync()
    assert report.complete and not report.verified and report.notes
    assert many.status().sync_state.run == run
    server.override = None
    assert many.sync().verified


def test_rows_of_a_stream_that_is_not_granted_are_dropped(device: Device, server: FeedServer) -> None:
    with device.db.writing():
        device.db.run(
            "INSERT INTO record SELECT collection, 'X', 'territory:SE', position, body, 7, search_text, parent"
            " FROM record WHERE key = 'C1' AND collection = 'customers'"
        )
        device.db.run("UPDATE sync_state SET verified = 0")
    assert device.sync().verified
    assert device.record("customers", "X") is None and contents(device) == server.feed.live()


def test_a_stream_that_differs_in_most_rows_is_begun_again(many: Device, server: FeedServer) -> None:
    server.feed.build_in_segments(CUSTOMERS, 1000)
    with many.db.writing():
        many.db.run("DELETE FROM record WHERE key > 'M0500' AND collection = 'customers'")
        many.db.run("UPDATE sync_state SET verified = 0")
    report = many.sync()
    assert report.verified and report.segments == 4 and contents(many) == server.feed.live()


def test_a_difference_that_no_repair_removes_is_fetched_again_once_a_day(
    device: Device, server: FeedServer
) -> None:
    """The server says of the page what it does not say in the verification: one of the two is wrong."""
    page_after = server.feed.page_after

    def wrong(cursor: str | None) -> dict[str, Any]:
        page = page_after(cursor)
        if page["check"]:
            page["check"]["count"] += 1
        return page

    server.feed.page_after = wrong
    server.feed.gone("customers", "C2")
    run = device.status().sync_state.run
    report = device.sync()
    assert report.complete and not report.verified and "tell the office" in report.notes[0]
    assert device.status().sync_state.run == run + 1
    assert server.request_lines().count("POST /v1/verify") == 6
    assert contents(device) == server.feed.live()
    device.sync()
    assert device.status().sync_state.run == run + 1
    server.feed.server_time = "2026-11-24T09:00:01Z"
    server.feed.put(TERRITORY, "customers", "C3", customer("C3", "Next day"))
    device.sync()
    assert device.status().sync_state.run == run + 2
    server.feed.page_after = page_after
    server.feed.put(TERRITORY, "customers", "C3", customer("C3", "Right again"))
    assert device.sync().verified


def test_records_are_hashed_again_once_a_day_and_on_demand(many: Device, server: FeedServer) -> None:
    """The hash that is stored still fits the checksum; only the body shows what happened."""
    many.db.run("UPDATE record SET body = replace(body, 'Many 5', 'Mony 5') WHERE key = 'M0005'")
    assert many.sync().unchanged and many.record("customers", "M0005")["name"] == "Mony 5"
    server.feed.server_time = "2026-11-24T09:00:01Z"
    server.feed.put(TERRITORY, "customers", "C3", customer("C3", "Next day"))
    report = many.sync()
    assert (report.altered, report.repaired, report.verified) == (1, 1, True)
    assert contents(many) == server.feed.live()
    many.db.run("UPDATE record SET body = 'not even JSON' WHERE key = 'M0005'")
    report = many.sync(rehash=True)
    assert report.unchanged and (report.altered, report.repaired) == (1, 1)
    assert contents(many) == server.feed.live()


def test_a_repaired_submission_updates_the_state(device: Device, server: FeedServer) -> None:
    saved = device.capture("order", order_body())
    device.sync()
    server.publish_state(saved.id, state="accepted", erp_number="SO 1")
    device.sync()
    with device.db.writing():
        device.db.run("DELETE FROM record WHERE collection = 'submissions'")
        device.db.run("UPDATE sync_state SET verified = 0")
        device.db.run("UPDATE document SET state = NULL")
    assert device.sync().verified
    (document,) = device.documents()
    assert (document.state, document.erp_number) == ("accepted", "SO 1")


def test_a_late_reply_to_a_verification_repairs_nothing(many: Device, server: FeedServer) -> None:
    damage(many)

    def overtaken(request: Request) -> Reply | None:
        if request.path != "/v1/verify" or len(server.requests("/v1/verify")) != 3:
            return None
        late = server.answer(request)
        # Another process on this folder pulls before the repair arrives.
        server.feed.gone("customers", "M0777")
        state = replica.sync_state(many.db)
        page = read_page(server.feed.page_after(state.cursor), None)
        replica.apply(many.db, page, state, "2026-11-23T09:00:00Z")
        return late

    server.override = overtaken
    assert many.sync().verified and contents(many) == server.feed.live()
    assert many.record("customers", "M0777") is None


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"epoch": "e9", "cursor": None, "drop": [], "pull_first": [], "ranges": [], "repairs": []},
        {"epoch": "e1", "cursor": None, "drop": [["a"]], "pull_first": [], "ranges": [], "repairs": []},
        {
            "epoch": "e1", "cursor": None, "drop": [], "pull_first": [], "ranges": [],
            "repairs": [{"channel": TERRITORY, "collection": "customers", "put": [[1, {}]], "gone": []}],
        },
        {
            "epoch": "e1", "cursor": None, "drop": [], "pull_first": [], "repairs": [],
            "ranges": [
                {"channel": TERRITORY, "collection": "customers", "from": "", "to": None, "count": 9999,
                 "sum": "0" * 16},
            ],
        },
    ],
)  # fmt: skip
def test_an_invalid_reply_to_a_verification_changes_nothing(
    many: Device, server: FeedServer, answer: Any
) -> None:
    damage(many)
    before = contents(many)
    server.override = lambda request: json_reply(answer) if request.path == "/v1/verify" else None
    report = many.sync()
    assert isinstance(report.problem, ContractBroken) and not report.verified
    assert contents(many) == before
    assert server.request_lines().count("POST /v1/verify") <= 2


def test_sums_do_not_overflow(device: Device) -> None:
    for hash in (2**63 - 1, -(2**63), -1):
        device.db.run("UPDATE record SET hash = ?", hash)
        count = device.db.value("SELECT count(*) FROM record")
        assert checks.total(device.db) == Checksum(count, count * hash % 2**64)


def test_sums_and_ranges_are_read_from_an_index(device: Device) -> None:
    for sql, values in (
        ("SELECT channel, collection, count(*), sum(hash) FROM record GROUP BY channel, collection", ()),
        (f"SELECT count(*), sum(hash) {checks._RANGE}", (*CUSTOMERS, "a", "b")),
    ):
        plan = [row["detail"] for row in device.db.rows(f"EXPLAIN QUERY PLAN {sql}", *values)]
        assert all("COVERING INDEX record_by_stream" in line for line in plan), plan


def test_a_step_of_a_verification_keeps_to_the_limits(many: Device, server: FeedServer) -> None:
    """What the device sends fits `POST /v1/verify`, however much differs."""
    many.db.run("UPDATE record SET position = position, hash = hash + 1 WHERE key LIKE 'M%5'")
    many.db.run("UPDATE sync_state SET verified = 0")
    assert many.sync().verified
    steps = [VerifyRequestSchema().load(request.value) for request in server.requests("/v1/verify")]
    assert (
        max(len(step.get(part) or []) for step in steps for part in ("split", "rows")) <= LIMITS.verify_ranges
    )
