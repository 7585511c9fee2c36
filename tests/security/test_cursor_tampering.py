"""A cursor is no permission (decision 0004): whatever it claims, the rep gets no record of another."""

import random

import pytest

from sync_protocol.cursor import Cursor, Mark, decode_cursor
from tests.security.company import PARKED, Attacked, attacked
from tests.security.hostile_values import tampered_cursor
from tests.security.rounds import settings_in, silent_logs

SECRET = (b"Customer C2", PARKED.encode())


@pytest.fixture
def target(tmp_path):
    with silent_logs(), attacked(settings_in(tmp_path)) as target:
        yield target


def leaks(body: bytes) -> list[bytes]:
    return [word for word in SECRET if word in body]


def test_every_flipped_bit_is_noticed_or_harmless(target: Attacked) -> None:
    cursor = target.phone.pull().json["cursor"]
    refused = 0
    for at in range(len(cursor)):
        for bit in (1, 2, 4, 8, 16, 32):
            changed = cursor[:at] + chr(ord(cursor[at]) ^ bit) + cursor[at + 1 :]
            reply = target.phone.pull(changed)
            assert leaks(reply.data) == [] and reply.status_code < 500
            refused += reply.status_code != 200
    assert refused > 5.9 * len(cursor)


def test_a_well_formed_cursor_of_other_streams_gives_nothing_of_them(target: Attacked) -> None:
    own, foreign = (p.pull().json["cursor"] for p in (target.phone, target.other_phone))
    assert leaks(target.phone.pull(foreign).data) == []
    claimed = {("territory:SE", "customers"): Mark(1), ("rep:R2", "submissions"): Mark(0, 2)}
    decoded = decode_cursor(own)
    forged = Cursor(decoded.epoch, decoded.seen, {**decoded.marks, **claimed}).encode()
    for schema in ("1", "2"):
        assert leaks(target.phone.pull(forged, query={"schema": schema}).data) == []
    sums = [{"channel": c, "collection": k, "count": 1, "sum": "0" * 16} for c, k in claimed]
    reply = target.phone.ask("POST", "/v1/verify", json={"cursor": forged, "schema": 2, "sums": sums})
    assert leaks(reply.data) == []


def test_random_tampering_reveals_nothing(target: Attacked) -> None:
    chance = random.Random(19)
    cursor = target.phone.pull().json["cursor"]
    for _ in range(300):
        changed = tampered_cursor(chance, cursor)
        if changed.isprintable():
            reply = target.phone.pull(changed, query={"schema": chance.choice(("1", "2"))})
            assert leaks(reply.data) == [], changed


def test_a_phone_cannot_widen_its_scope(target: Attacked) -> None:
    wider = {
        "rep": "R2",
        "rep_id": "R2",
        "channel": "territory:SE",
        "channels": "everyone,territory:SE",
        "all": "1",
    }
    headers = {"X-Rep-Id": "R2", "X-Forwarded-User": "R2", "X-Original-URL": "/v1/office/parked"}
    replies = [target.phone.pull(query=wider, headers=headers)]
    body = {"cursor": None, "submissions": [], "schema": 2, **wider, "streams": [["territory:SE", "customers"]]}
    replies.append(target.phone.ask("POST", "/v1/sync", json=body, headers=headers))
    assert [(r.status_code, leaks(r.data)) for r in replies] == [(200, []), (200, [])]
