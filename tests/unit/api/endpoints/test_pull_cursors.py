"""Cursors and page sizes that no server issued: an error code or a correct page, and no data of others."""

import base64
import json
from typing import Any

import pytest

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import customer, say

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
TYPED = {("cursor_invalid", 400), ("not_yet", 503), ("epoch_changed", 409)}
CANARY = b"Customer C2"
"""A customer of R2; the phone is R1's."""


@pytest.fixture
def cursor(phone: Phone) -> str:
    return str(phone.pull().json["cursor"])


def damaged(cursor: str) -> list[str]:
    """Return *cursor* with one letter changed, at each place, and with one bit of its bytes, at each."""
    letters = [
        cursor[:n] + ALPHABET[(ALPHABET.index(letter) + 1 + n) % 64] + cursor[n + 1 :]
        for n, letter in enumerate(cursor)
    ]
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    bits = [packed[:n] + bytes([byte ^ (1 << n % 8)]) + packed[n + 1 :] for n, byte in enumerate(packed)]
    return letters + [base64.urlsafe_b64encode(some).rstrip(b"=").decode() for some in bits]


def test_a_changed_cursor_gets_an_error_code_or_the_right_page(phone: Phone, cursor: str) -> None:
    true = phone.pull(cursor).json
    refused = 0
    for text in damaged(cursor):
        reply = phone.pull(text)
        assert CANARY not in reply.data
        if reply.status_code == 200:
            assert decode_cursor(text) == decode_cursor(cursor), "only bits that base64 leaves over may pass"
            assert reply.json == true
        else:
            assert (reply.json["code"], reply.status_code) in TYPED
            refused += 1
    assert refused > len(cursor)


def test_a_changed_cursor_gets_an_error_code_from_verify_and_sync_too(phone: Phone, cursor: str) -> None:
    true = phone.ask("POST", "/v1/verify", json={"cursor": cursor, "sums": []}).json
    for text in damaged(cursor)[::5]:
        reply = phone.ask("POST", "/v1/verify", json={"cursor": text, "sums": []})
        assert CANARY not in reply.data
        if reply.status_code == 200:
            assert reply.json == true
        else:
            assert (reply.json["code"], reply.status_code) in TYPED
        synced = phone.ask("POST", "/v1/sync", json={"cursor": text})
        assert (synced.status_code, CANARY in synced.data) == (200, False)
        assert synced.json["page"] or synced.json["problem"]["code"] in {code for code, _ in TYPED}


def forged(cursor: str, **marks: Any) -> list[tuple[str, Cursor]]:
    decoded = decode_cursor(cursor)
    top = 2**53 - 1
    nw, se = ("territory:NW", "customers"), ("territory:SE", "customers")
    return [
        ("nothing read yet", Cursor(decoded.epoch, decoded.seen, {s: Mark() for s in decoded.marks})),
        (
            "read beyond the head",
            Cursor(decoded.epoch, decoded.seen, {s: Mark(top, top) for s in decoded.marks}),
        ),
        ("an old snapshot", Cursor(decoded.epoch, decoded.seen, {nw: Mark(1, 2)})),
        ("another rep's streams", Cursor(decoded.epoch, decoded.seen, {se: Mark(), **decoded.marks})),
        ("streams that are none", Cursor(decoded.epoch, decoded.seen, {("rep:X", "z"): Mark(5)})),
        ("a thousand streams", Cursor(decoded.epoch, decoded.seen, many(1_000))),
        ("a channel that is no text", Cursor(decoded.epoch, decoded.seen, {("rep:\ud800", "z"): Mark(5)})),
        ("no epoch", Cursor("", decoded.seen, decoded.marks)),
        ("half a surrogate pair for an epoch", Cursor("\ud800", decoded.seen, decoded.marks)),
        ("the future", Cursor(decoded.epoch, top, decoded.marks)),
    ]


def many(count: int) -> dict[Stream, Mark]:
    return {(f"territory:{n}", "customers"): Mark(1) for n in range(count)}


def test_a_forged_cursor_reveals_no_foreign_rows(phone: Phone, cursor: str) -> None:
    for name, value in forged(cursor):
        text = value.encode()
        body: dict[str, Any] = {"cursor": text, "sums": [], "schema": 2}
        replies = [
            phone.pull(text),
            phone.pull(text, query={"schema": "2"}),
            phone.ask("POST", "/v1/verify", json=body),
        ]
        for reply in replies:
            assert CANARY not in reply.data, name
            assert reply.status_code == 200 or (reply.json["code"], reply.status_code) in TYPED, name


def test_a_cursor_that_states_too_much_costs_its_owner_a_gap_that_the_check_shows(
    installation: Installation, phone: Phone, cursor: str
) -> None:
    decoded = decode_cursor(cursor)
    say(installation.sessions, customer("C9", "NW"))
    ahead = Cursor(decoded.epoch, decoded.seen, {stream: Mark(2**53 - 1) for stream in decoded.marks})
    page, full_page = phone.pull(ahead.encode()).json, phone.pull().json
    assert (page["complete"], page["changes"]) == (True, [])
    hashes = {
        record["id"]: record_hash(change["collection"], record["id"], record)
        for change in full_page["changes"]
        for _, record in change["put"]
    }
    lacking = hashes.pop("C9")
    assert page["check"] == (Checksum.of(hashes.values()) + Checksum(1, lacking)).as_wire()
    assert page["check"] != Checksum.of(hashes.values()).as_wire()


def test_a_page_size_of_zero_is_refused_by_pull_and_raised_to_the_minimum_by_sync(
    installation: Installation, phone: Phone
) -> None:
    say(installation.sessions, *(customer(f"D{n}", "NW", notes="x" * 900) for n in range(50)))
    reply = phone.pull(query={"limit_bytes": "0"})
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "limit_bytes")
    page = phone.ask("POST", "/v1/sync", json={"limit_bytes": 0}).json["page"]
    assert page["complete"] is False
    assert LIMITS.page_bytes_least < len(json.dumps(page)) < 3 * LIMITS.page_bytes_least


def test_a_huge_page_size_is_lowered_to_the_maximum(installation: Installation, phone: Phone) -> None:
    for start in range(0, 1_200, 400):
        say(installation.sessions, *(customer(f"D{start + n}", "NW", notes="x" * 4_000) for n in range(400)))
    for reply in (
        phone.pull(query={"limit_bytes": "1000000000"}),
        phone.ask("POST", "/v1/sync", json={"limit_bytes": 1_000_000_000}),
    ):
        assert reply.status_code == 200
        assert abs(len(reply.data) - LIMITS.page_bytes_most) < 32_768
    for text in ("10000000000", "1e9", "-1", "0x10", "9" * 5_000):
        reply = phone.pull(query={"limit_bytes": text})
        assert (reply.status_code, reply.json["code"]) == (422, "envelope_invalid")


def test_an_idle_sync_is_small(installation: Installation, phone: Phone, cursor: str) -> None:
    say(installation.sessions, *(customer(f"D{n}", "NW") for n in range(200)))
    cursor = phone.pull(cursor).json["cursor"]
    sent = json.dumps({"cursor": cursor, "schema": 2}).encode()
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
    reply = phone.ask("POST", "/v1/sync", data=sent, headers=headers)
    assert len(sent) < 500
    assert len(reply.data) < 700
    page = phone.pull(cursor)
    idle_reply = phone.pull(cursor, headers={"If-None-Match": page.headers["ETag"]})
    assert (idle_reply.status_code, idle_reply.data) == (304, b"")
