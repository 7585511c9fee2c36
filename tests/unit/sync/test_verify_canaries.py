"""No byte of any reply holds a record of a channel that the rep may not read, whatever the request."""

import random
from typing import Any

import pytest

from backend.database.core import Sessions
from backend.feed import positions
from backend.sync.verify_request import VerifyRequest
from sync_protocol.change import Stream
from sync_protocol.channel import is_channel
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.segment import KeyRange
from tests.unit.sync.company import customer, order, reps, say
from tests.unit.sync.test_verify import Server

pytestmark = pytest.mark.both_dialects

HEARD = {"R1": "NW", "R2": "SE"}
TERRITORIES = ("NW", "SE", "NE")
"""NE is nobody's."""
STREAMS: list[Stream] = [
    (channel, collection)
    for channel in (*(f"territory:{t}" for t in TERRITORIES), "nowhere", "rep:R1", "rep:R2", "everyone")
    for collection in ("customers", "orders", "products", "submissions", "nothing")
]
SEED = 20261125
STEPS = 100


def canary(territory: str | None) -> str:
    """A word that only records of *territory* hold, in keys and bodies alike."""
    return f"Kanary{territory or 'Nowhere'}"


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    for territory in (*TERRITORIES, None):
        word = canary(territory)
        say(sessions, *(customer(f"{word}-{n:03}", territory, notes=word) for n in range(70)))
        say(sessions, *(order(f"O-{word}-{n:03}", f"{word}-{n:03}") for n in range(20)))


def random_key(chance: random.Random) -> str:
    return chance.choice(
        ("", "A", "K", "Kanary", "KanaryNW-030", "KanarySE-030", "O-Kanary", "O-KanaryNE", "Z")
    )


def random_range(chance: random.Random) -> KeyRange:
    start, end = sorted((random_key(chance), random_key(chance)))
    return KeyRange(start, end if end > start else None)


def random_request(chance: random.Random) -> VerifyRequest:
    def some() -> list[Stream]:
        return chance.sample(STREAMS, chance.randint(0, 6))

    sums = {
        stream: Checksum(chance.choice((0, 1, 69, 70, 2**53 - 1)), chance.getrandbits(64)) for stream in some()
    }
    rows: list[Any] = [
        (s, random_range(chance), {random_key(chance) or "x": chance.getrandbits(64)}) for s in some()
    ]
    return VerifyRequest(
        sums=chance.choice((None, sums, {})), split=[(s, random_range(chance)) for s in some()], rows=rows
    )


@pytest.mark.parametrize("rep", HEARD)
def test_any_verify_request_reveals_only_accessible_rows(sessions: Sessions, rep: str) -> None:
    chance, server = random.Random(SEED), Server(sessions, rep)
    foreign = [canary(t).encode() for t in (*TERRITORIES, None) if t != HEARD[rep]]
    own = canary(HEARD[rep]).encode()
    with sessions() as session:
        head = positions.head(session)
    replies_with_own = 0
    for step in range(STEPS):
        named = [s for s in chance.sample(STREAMS, chance.randint(0, len(STREAMS))) if is_channel(s[0])]
        where = chance.choice((head.position, head.position, 1, 2**53 - 1))
        cursor = Cursor(head.epoch, head.position, {stream: Mark(where) for stream in named}).encode()
        request = random_request(chance)
        body = server.answer(cursor, request).body
        # What the device itself has said, it may be told again: a range is named by the keys it asked with.
        request_bytes = repr(request).encode()
        leaked = [word for word in foreign if word in body and word not in request_bytes]
        assert leaked == [], f"seed {SEED}, step {step}: {request}"
        assert b'"notes":"Kanary' not in body.replace(b'"notes":"' + own, b""), f"seed {SEED}, step {step}"
        replies_with_own += own in body
    assert replies_with_own > STEPS // 10, "the requests were so odd that nothing was sent at all"
