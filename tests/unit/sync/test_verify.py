"""Verify: exactly the differing rows are found and repaired, and nothing that the rep may not read is sent."""

import json
from typing import Any

import pytest

from backend.database.core import Sessions, snapshot
from backend.feed import positions
from backend.feed.mismatches import Mismatch
from backend.sync import grants
from backend.sync.pull import NotYet
from backend.sync.verify import EpochChanged, VerifyResult, verify
from backend.sync.verify_request import VerifyRequest, faults, parse_request
from sync_protocol.change import Gone, Stream
from sync_protocol.cursor import Cursor, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from sync_protocol.verify import VerifyReplySchema, VerifyRequestSchema
from tests.unit.sync.company import customer, order, reps, say, unit
from tests.unit.sync.replica import NOW, Replica
from tests.unit.sync.verifier import Verifier, rows_of

pytestmark = pytest.mark.both_dialects

NW: Stream = ("territory:NW", "customers")
SE: Stream = ("territory:SE", "customers")


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


class Server:
    """Answers requests as the endpoint does, for one rep; keeps its replies."""

    def __init__(self, sessions: Sessions, rep: str = "R1") -> None:
        self.sessions, self.rep = sessions, rep
        self.noted: list[Mismatch] = []
        self.said: list[bytes] = []

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        request = VerifyRequestSchema().load(json.loads(json.dumps(body)))
        assert list(faults(request)) == []
        return self.ask(request["cursor"], parse_request(request))

    def ask(self, cursor: str, request: VerifyRequest) -> dict[str, Any]:
        answer = self.answer(cursor, request)
        self.noted += answer.mismatches
        self.said.append(answer.body)
        reply: dict[str, Any] = json.loads(answer.body)
        assert VerifyReplySchema().validate(reply) == {}
        return reply

    def answer(self, cursor: str, request: VerifyRequest) -> VerifyResult:
        with self.sessions() as session:
            snapshot(session)
            return verify(session, rep_id=self.rep, cursor_text=cursor, schema=1, request=request)


def customers(count: int, territory: str = "NW", prefix: str = "C") -> list[Any]:
    return [customer(f"{prefix}{n:05}", territory) for n in range(count)]


def replica_of(sessions: Sessions, rep: str = "R1") -> Verifier:
    """Return a replica that is as it should be."""
    replica = Replica(sessions, rep).sync()
    assert replica.cursor is not None
    return Verifier(rows_of(replica.rows.items()), replica.cursor)


def test_an_equal_replica_gets_no_repairs(sessions: Sessions) -> None:
    say(sessions, unit(), *customers(3), order("O1", "C00001"))
    device, server = replica_of(sessions), Server(sessions)
    device.verify(server)
    assert device.steps == 1
    assert server.noted == []
    reply = json.loads(server.said[0])
    assert (reply["cursor"], reply["drop"], reply["pull_first"], reply["ranges"], reply["repairs"]) == (
        None,
        [],
        [],
        [],
        [],
    )


@pytest.mark.parametrize("count", [1, 5, 64, 65, 300])
def test_one_stale_one_missing_and_one_surplus_row_are_found_and_nothing_else_is_sent(
    sessions: Sessions, count: int
) -> None:
    say(sessions, unit(), *customers(count))
    device, server = replica_of(sessions), Server(sessions)
    right = {stream: dict(rows) for stream, rows in device.rows.items()}
    keys = sorted(right[NW])
    device.rows[NW][keys[0]] += 1
    del device.rows[NW][keys[-1]]
    device.rows[NW]["C00000-surplus"] = 7
    device.verify(server)
    assert device.rows == right
    assert set(device.records) == {(NW, keys[0]), (NW, keys[-1])}
    assert sum((m for m in server.noted), Mismatch(NW)) == Mismatch(
        NW, stale=int(count > 1), missing=1, surplus=1
    )


def test_more_surplus_rows_than_one_request_holds_are_found(
    sessions: Sessions,
) -> None:
    """The server's parts have rows of its own in them; between two of those the device may have any number."""
    say(sessions, *customers(200))
    device, server = replica_of(sessions), Server(sessions)
    right = dict(device.rows[NW])
    device.rows[NW].update({f"C00100-{n:04}": n for n in range(500)})
    device.verify(server)
    assert device.rows[NW] == right
    assert device.dropped == []


def test_more_missing_rows_than_one_reply_holds_all_arrive(sessions: Sessions) -> None:
    say(sessions, *customers(1000, prefix="C"))
    say(sessions, *[customer(f"D{n:05}", "NW", notes="x" * 4000) for n in range(600)])
    device, server = replica_of(sessions), Server(sessions)
    right = dict(device.rows[NW])
    device.rows[NW] = {key: value for key, value in right.items() if key.startswith("C")}
    device.verify(server)
    assert device.rows[NW] == right
    assert device.dropped == []
    largest = LIMITS.verify_bytes + LIMITS.verify_rows * 5_000
    assert LIMITS.verify_bytes < max(map(len, server.said)) < largest


def test_a_device_without_rows_of_a_large_stream_begins_it_again(sessions: Sessions) -> None:
    say(sessions, unit(), *customers(900))
    say(sessions, *customers(900, prefix="D"))
    replica = Replica(sessions, "R1").sync()
    replica.rows = {key: row for key, row in replica.rows.items() if row[0] != NW[0]}
    device, server = Verifier(rows_of(replica.rows.items()), replica.cursor or ""), Server(sessions)
    device.verify(server)
    assert device.dropped == [NW]
    assert device.steps == 1
    assert set(decode_cursor(device.cursor).marks) == {("everyone", "units")}
    assert server.noted == [Mismatch(NW, resynced=True)]
    replica.cursor = device.cursor
    assert len(replica.sync().records("customers")) == 1800


def test_a_stream_that_advanced_is_pulled_first(sessions: Sessions) -> None:
    say(sessions, unit(), *customers(3))
    device, server = replica_of(sessions), Server(sessions)
    device.rows["everyone", "units"]["u"] += 1
    say(sessions, customer("C00001", "NW", name="News"))
    device.verify(server)
    assert device.pull_first == [NW]
    assert set(device.records) == {(("everyone", "units"), "u")}


def test_a_stream_that_advances_during_verification_is_not_repaired(sessions: Sessions) -> None:
    say(sessions, *customers(3))
    device, server = replica_of(sessions), Server(sessions)
    del device.rows[NW]["C00001"]

    def ask(body: dict[str, Any]) -> dict[str, Any]:
        if "rows" in body:
            say(sessions, Gone("customers", "C00002"))
        return server(body)

    device.verify(ask)
    assert device.pull_first == [NW]
    assert device.records == {}


def test_rows_of_inaccessible_streams_are_dropped_and_not_revealed(sessions: Sessions) -> None:
    say(sessions, *customers(3), *customers(3, "SE", "S"))
    device, server = replica_of(sessions), Server(sessions)
    device.rows[SE] = {"S00000": 1}
    device.verify(server)
    assert device.dropped == [SE]
    full_range = KeyRange()
    for request in (VerifyRequest(split=[(SE, full_range)]), VerifyRequest(rows=[(SE, full_range, {})])):
        reply = server.ask(device.cursor, request)
        assert (reply["drop"], reply["ranges"], reply["repairs"]) == ([list(SE)], [], [])
    assert Mismatch(SE, surplus=1) in server.noted


def test_a_revoked_stream_leaves_the_cursor(sessions: Sessions) -> None:
    say(sessions, *customers(3), unit())
    device, server = replica_of(sessions), Server(sessions)
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    device.verify(server)
    assert NW in device.dropped
    assert {channel for channel, _ in decode_cursor(device.cursor).marks} == {"everyone"}
    assert server.noted == [], "the rep has lost the territory since the last pull, and nobody is to blame"


def test_verifying_with_another_reps_cursor_reveals_nothing(sessions: Sessions) -> None:
    say(sessions, *customers(3), *customers(300, "SE", "SECRET"))
    victim = replica_of(sessions, "R2")
    server = Server(sessions, "R1")
    thief = Verifier({}, victim.cursor)
    thief.verify(server)
    server.ask(victim.cursor, VerifyRequest(split=[(SE, KeyRange())], rows=[(SE, KeyRange("S", "T"), {})]))
    assert not any(b"SECRET" in body for body in server.said)
    assert SE in thief.dropped


def test_a_cursor_of_another_epoch_and_one_from_the_future_are_not_answered(sessions: Sessions) -> None:
    say(sessions, *customers(3))
    device, server = replica_of(sessions), Server(sessions)
    cursor = decode_cursor(device.cursor)
    ahead = Cursor(cursor.epoch, cursor.seen + 1, cursor.marks).encode()
    with pytest.raises(NotYet):
        server.answer(ahead, VerifyRequest(sums={}))
    with sessions() as session, session.begin():
        positions.new_epoch(session)
    with pytest.raises(EpochChanged):
        server.answer(device.cursor, VerifyRequest(sums={}))


def test_a_range_that_cannot_be_split_begins_its_stream_again(sessions: Sessions) -> None:
    """A device that asks so has more rows there than it can tell; the same part again would be no answer."""
    say(sessions, *customers(300))
    device, server = replica_of(sessions), Server(sessions)
    for keys in (KeyRange("C00001", "C00002"), KeyRange("X", None), KeyRange("", "A")):
        reply = server.ask(device.cursor, VerifyRequest(split=[(NW, keys)]))
        assert (reply["drop"], reply["ranges"]) == ([list(NW)], [])
        assert NW not in decode_cursor(reply["cursor"]).marks


def test_a_range_with_too_many_rows_to_compare_is_split(sessions: Sessions) -> None:
    say(sessions, *customers(LIMITS.verify_rows + 1))
    device, server = replica_of(sessions), Server(sessions)
    reply = server.ask(device.cursor, VerifyRequest(rows=[(NW, KeyRange(), {})]))
    assert reply["repairs"] == []
    assert sum(part["count"] for part in reply["ranges"]) == LIMITS.verify_rows + 1
    assert [part["to"] for part in reply["ranges"]] == [*(p["from"] for p in reply["ranges"][1:]), None]


def test_a_stream_that_begins_again_is_not_repaired_in_the_same_answer(sessions: Sessions) -> None:
    """Its repairs would be rows of a stream that the new cursor does not name."""
    say(sessions, unit(), *customers(300))
    device, server = replica_of(sessions), Server(sessions)
    request = VerifyRequest(
        split=[(NW, KeyRange("C00001", "C00100")), (NW, KeyRange("X", None))],
        rows=[(NW, KeyRange("C00200", "C00210"), {}), (("everyone", "units"), KeyRange(), {})],
    )
    reply = server.ask(device.cursor, request)
    assert (reply["drop"], reply["ranges"]) == ([list(NW)], [])
    assert [repair["collection"] for repair in reply["repairs"]] == ["units"]
    assert decode_cursor(reply["cursor"]).marks.keys() == {("everyone", "units")}
