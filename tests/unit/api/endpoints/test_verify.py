"""Verification over HTTP: invalid requests get an error code; mismatches are stored and logged."""

import gzip
import json
import logging
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from backend.feed.models import FeedMismatch
from backend.feed.positions import new_epoch
from backend.identity import enrolment
from backend.identity.models import Device
from sync_protocol.cursor import Cursor, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.verify import VerifyReplySchema
from tests.contract.wire.verification import CUSTOMERS, WHOLE, sums_under
from tests.unit.api.installation import Installation, Phone, writer
from tests.unit.sync.company import customer, say

MOST = 2**53 - 1
GOOD = "0" * 16
SE = {"channel": "territory:SE", "collection": "customers"}
RANGE_SE = {**SE, "from": "", "to": None}


@pytest.fixture
def cursor(phone: Phone) -> str:
    """The cursor of a phone that has everything; R2's customer C2 must never appear."""
    return str(phone.pull().json["cursor"])


def verify(phone: Phone, cursor: str, **request: Any) -> Any:
    return phone.ask("POST", "/v1/verify", json={"cursor": cursor, **request})


def stored_mismatches(installation: Installation) -> list[FeedMismatch]:
    with installation.sessions() as session:
        return list(session.scalars(select(FeedMismatch)))


def test_an_equal_replica_causes_no_write_and_no_lock(
    installation: Installation, phone: Phone, cursor: str
) -> None:
    sums = sums_under(installation, cursor)
    with writer(installation):
        reply = verify(phone, cursor, sums=sums)
    empty = {"cursor": None, "drop": [], "pull_first": [], "ranges": [], "repairs": []}
    assert (reply.status_code, reply.json) == (200, {"epoch": decode_cursor(cursor).epoch, **empty})
    assert stored_mismatches(installation) == []


def test_a_mismatch_is_stored_and_logged_with_device_and_version(
    installation: Installation, phone: Phone, cursor: str, caplog: pytest.LogCaptureFixture
) -> None:
    others = [sum for sum in sums_under(installation, cursor) if sum["collection"] != "customers"]
    with caplog.at_level(logging.WARNING, "satchel.verify"):
        verify(phone, cursor, sums=others)
        verify(phone, cursor, rows=[{**WHOLE, "rows": [["C0", GOOD]]}], app_version="2.1.0")
    [kept] = stored_mismatches(installation)
    assert (kept.rep, kept.device, kept.app_version) == ("R1", phone.device_id, "2.1.0")
    assert (kept.channel, kept.collection) == ("territory:NW", "customers")
    assert (kept.stale, kept.missing, kept.surplus, kept.resynced) == (0, 1, 1, False)
    assert kept.position == decode_cursor(cursor).seen
    first, second = (vars(record) for record in caplog.records)
    assert first["app_version"] == "1.0"
    assert {"device": phone.device_id, "collection": "customers", "missing": 1}.items() <= second.items()


def test_a_mismatch_that_cannot_be_recorded_is_still_repaired(
    phone: Phone, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr("backend.api.endpoints.verify.mismatches.record", fail)
    reply = verify(phone, cursor, rows=[{**WHOLE, "rows": []}])
    assert [record["id"] for _, record in reply.json["repairs"][0]["put"]] == ["C1"]


NOT_ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "sums"),
    "null": ({"sums": None}, "sums"),
    "a number of sums": ({"sums": 5}, "sums"),
    "sums that are numbers": ({"sums": [5]}, "sums[0]"),
    "a stream twice": ({"sums": [{**CUSTOMERS, "count": 1, "sum": GOOD}] * 2}, "sums"),
    "a negative count": ({"sums": [{**CUSTOMERS, "count": -1, "sum": GOOD}]}, "sums[0].count"),
    "a count beyond 2^53": ({"sums": [{**CUSTOMERS, "count": 2**53, "sum": GOOD}]}, "sums[0].count"),
    "a count that is true": ({"sums": [{**CUSTOMERS, "count": True, "sum": GOOD}]}, "sums[0].count"),
    "a count with a fraction": ({"sums": [{**CUSTOMERS, "count": 1.0, "sum": GOOD}]}, "sums[0].count"),
    "a short sum": ({"sums": [{**CUSTOMERS, "count": 1, "sum": "0"}]}, "sums[0].sum"),
    "a sum that is a number": ({"sums": [{**CUSTOMERS, "count": 1, "sum": 0}]}, "sums[0].sum"),
    "too many streams": ({"sums": [{}] * (LIMITS.verify_streams + 1)}, "sums"),
    "too many ranges": ({"split": [{}] * (LIMITS.verify_ranges + 1)}, "split"),
    "too many ranges of rows": ({"rows": [{}] * (LIMITS.verify_ranges + 1)}, "rows"),
    "too many rows": ({"rows": [{**WHOLE, "rows": [0] * (LIMITS.verify_rows + 1)}]}, "rows[0].rows"),
    "a row that is none": ({"rows": [{**WHOLE, "rows": [["C1"]]}]}, "rows[0].rows[0]"),
    "a row with a space": ({"rows": [{**WHOLE, "rows": [["C 1", GOOD]]}]}, "rows[0].rows[0][0]"),
    "a range that ends before it begins": ({"split": [{**CUSTOMERS, "from": "b", "to": "a"}]}, "split[0].to"),
    "a range of nothing": ({"split": [{**CUSTOMERS, "from": "a", "to": "a"}]}, "split[0].to"),
    "a range without an end": ({"split": [{**CUSTOMERS, "from": "a"}]}, "split[0].to"),
    "the same range twice": ({"split": [WHOLE, WHOLE]}, "split[1]"),
    "a range in another": ({"split": [WHOLE], "rows": [{**WHOLE, "from": "x", "rows": []}]}, "rows[0]"),
    "a key outside its range": (
        {"rows": [{**CUSTOMERS, "from": "D", "to": None, "rows": [["C1", GOOD]]}]},
        "rows[0].rows",
    ),
    "half a surrogate pair": ({"split": [{**CUSTOMERS, "from": "\ud800", "to": None}]}, ""),
    "a NUL": ({"split": [{**CUSTOMERS, "from": "\x00", "to": None}]}, "split[0].from"),
    "an endless channel": (
        {"sums": [{"channel": "x" * 81, "collection": "x", "count": 1, "sum": GOOD}]},
        "sums[0].channel",
    ),
    "a revision of 0": ({"sums": [], "schema": 0}, "schema"),
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_an_invalid_verify_request_is_refused_with_its_field(phone: Phone, cursor: str, name: str) -> None:
    request, field = NOT_ASKED[name]
    reply = verify(phone, cursor, **request)
    assert (reply.status_code, reply.json["code"]) == (422, "envelope_invalid")
    assert reply.json["errors"][0]["field"].startswith(field)
    assert len(reply.data) < 4_000


ODD: dict[str, dict[str, Any]] = {
    "a count beyond reason": {"sums": [{**CUSTOMERS, "count": MOST, "sum": "f" * 16}]},
    "a sum without rows": {"sums": [{**CUSTOMERS, "count": 0, "sum": "f" * 16}]},
    "streams that do not exist": {"sums": [{"channel": "x", "collection": "y", "count": 1, "sum": GOOD}]},
    "a thousand streams": {
        "sums": [
            {"channel": f"territory:T{n}", "collection": "customers", "count": MOST, "sum": GOOD}
            for n in range(LIMITS.verify_streams)
        ]
    },
    "another rep's stream": {"sums": [{**SE, "count": 1, "sum": GOOD}], "split": [RANGE_SE]},
    "another rep's rows": {"rows": [{**RANGE_SE, "rows": []}]},
    "nowhere": {"split": [{"channel": "nowhere", "collection": "orders", "from": "", "to": None}]},
    "a range beyond the end": {"split": [{**CUSTOMERS, "from": "\U0010ffff", "to": None}]},
    "rows beyond the end": {"rows": [{**CUSTOMERS, "from": "\U0010ffff", "to": None, "rows": []}]},
    "64 ranges of nothing": {
        "split": [{**CUSTOMERS, "from": f"C{n:03}", "to": f"C{n:03}~"} for n in range(64)],
        "rows": [{**CUSTOMERS, "from": f"D{n:03}", "to": f"D{n:03}~", "rows": []} for n in range(64)],
    },
    "an app with a name": {"sums": [], "app_version": "' OR 1=1; --"},
    "a newer app": {"sums": [], "schema": 1_000_000, "colour": "blue"},
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_verify_request_reveals_no_foreign_rows(
    installation: Installation, phone: Phone, cursor: str, name: str
) -> None:
    reply = verify(phone, cursor, **ODD[name])
    assert reply.status_code == 200
    assert VerifyReplySchema().validate(reply.json) == {}
    assert b"Customer C2" not in reply.data


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_an_oversized_verify_body_is_refused_in_flat_memory(phone: Phone, cursor: str, coding: str) -> None:
    body = json.dumps({"cursor": cursor, "sums": [[]] * (4_000_000 if coding == "gzip" else 300_000)})
    data = gzip.compress(body.encode(), 1) if coding == "gzip" else body.encode()
    del body
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    tracemalloc.start()
    reply = phone.ask("POST", "/v1/verify", data=data, headers=headers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (reply.status_code, reply.json["code"]) == (413, "body_too_large")
    assert peak < 8 * LIMITS.verify_bytes


def test_a_list_with_too_many_sums_is_refused_in_bounded_memory(phone: Phone, cursor: str) -> None:
    body = json.dumps({"cursor": cursor, "sums": [5] * 300_000}, separators=(",", ":"))
    assert len(body) < LIMITS.verify_bytes
    tracemalloc.start()
    reply = phone.ask("POST", "/v1/verify", data=body, headers={"Content-Type": "application/json"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reply.status_code == 422
    assert [error["field"] for error in reply.json["errors"]] == ["sums"]
    assert peak < 16 * LIMITS.verify_bytes


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/sync"])
def test_truncated_gzip_is_a_damaged_body(phone: Phone, cursor: str, path: str) -> None:
    packed = gzip.compress(json.dumps({"cursor": cursor, "sums": [], "submissions": []}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    codes = {
        phone.ask("POST", path, data=packed[:length], headers=headers).json["code"]
        for length in range(1, len(packed), 7)
    }
    assert codes == {"body_damaged"}
    assert phone.ask("POST", path, data=packed, headers=headers).status_code == 200


def test_verify_has_codes_for_cursors_of_another_epoch_and_of_the_future(
    installation: Installation, phone: Phone, cursor: str
) -> None:
    decoded = decode_cursor(cursor)
    ahead = Cursor(decoded.epoch, decoded.seen + 1, decoded.marks).encode()
    reply = verify(phone, ahead, sums=[])
    assert (reply.status_code, reply.json["code"]) == (503, "not_yet")
    assert int(reply.headers["Retry-After"]) > 0
    installation.change(new_epoch)
    reply = verify(phone, cursor, sums=[])
    assert (reply.status_code, reply.json["code"]) == (409, "epoch_changed")


def test_a_device_revoked_during_its_request_is_told_to_wipe(
    installation: Installation, phone: Phone, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke_meanwhile(parts: Any) -> list[Any]:
        now = installation.clock.now()
        installation.change(
            lambda s: enrolment.revoke(s, s.get_one(Device, phone.device_id), actor="u", now=now)
        )
        return []

    monkeypatch.setattr("backend.sync.verify_request.faults", revoke_meanwhile)
    reply = verify(phone, cursor, rows=[{**WHOLE, "rows": []}])
    assert (reply.status_code, reply.json["code"]) == (401, "device_revoked")


def test_verify_requires_a_pull_of_newer_changes_first(
    installation: Installation, phone: Phone, cursor: str
) -> None:
    say(installation.sessions, customer("C1", "NW", name="News"))
    reply = verify(phone, cursor, sums=sums_under(installation, cursor))
    assert reply.json["pull_first"] == [["territory:NW", "customers"]]
    assert stored_mismatches(installation) == []
