"""Rules of checksums and of verification: when to compare, what a repair replaces, and when to stop."""

from collections.abc import Callable

from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.conformance.revision_2 import ready
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, SE, Changes, Json, customer
from sync_protocol.limits import LIMITS

PAGE = "docs/device.md#verification-and-repair"
VERIFY = "docs/protocol.md#verify"
CONTRACT = "docs/device.md#pages"
RANGE: Json = {"channel": NW, "collection": "customers", "from": "", "to": None}
ENOUGH = 40
"""More requests than any difference in the kit's small replica needs."""


def _differ(fixture: DeviceFixture) -> None:
    """The server's page silently lacks a new row, an update and a deletion."""
    ready(fixture)
    fixture.repair_allowed = True
    truth = Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "Now"))], [(8, "C2")])
    fixture.script.page(FIRST_CURSOR, "kit:2", truth)
    fixture.script.pages[FIRST_CURSOR]["changes"] = []


def _reply(**more: object) -> Reply:
    empty: Json = {
        "epoch": "kit-epoch-1",
        "cursor": None,
        "drop": [],
        "pull_first": [],
        "ranges": [],
        "repairs": [],
    }
    return json_reply({**empty, **more})


def check(fixture: DeviceFixture) -> None:
    _differ(fixture)
    fixture.send("sync")
    fixture.must("sync")
    expect(fixture.server.requests("/v1/verify"), "`check` differs, and the device does not verify")
    fixture.expect_replica("kit:2", "after verification the replica")


def check_later(fixture: DeviceFixture) -> None:
    _differ(fixture)
    fixture.server.once("/v1/verify", lambda request: problem(503, "unavailable"))
    fixture.send("sync")
    fixture.kill()
    fixture.must("sync")
    fixture.expect_replica("kit:2", "a 304 followed a verification that failed, and the replica")


def equal(fixture: DeviceFixture) -> None:
    ready(fixture)
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.must("sync")
    fixture.must("sync")
    count = len(fixture.server.requests("/v1/verify"))
    expect(not count, f"`check` matches the replica, and the device still verified {count} times")


def repair_positions(fixture: DeviceFixture) -> None:
    """The device's rows have higher positions than the right ones, and one is stored under another channel."""
    ready(fixture)
    fixture.repair_allowed = True
    wrong = [(9000, customer("C1", "Wrong")), (9001, customer("C2", "Wrong")), (9002, customer("C3"))]
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", wrong))
    fixture.script.hide(
        FIRST_CURSOR,
        C1=(NW, 7, customer("C1", "Right")),
        C2=(SE, 8, customer("C2", "Moved", "SE")),
        C3=None,
    )
    fixture.must("sync")
    fixture.expect_replica("kit:2", "a repair counts whatever the stored position")
    # The row has the position of the repair from now on.
    fixture.script.page("kit:2", "kit:3", Changes(NW, "customers", [(60, customer("C1", "Later"))]))
    fixture.repair_allowed = False
    fixture.server.received.clear()
    fixture.must("sync")
    fixture.expect_replica("kit:3", "after a repair the row kept its old position")


def verify_unsplit(fixture: DeviceFixture) -> None:
    """The reply to `rows` had no room: the range comes back as it was."""
    _differ(fixture)
    rows = [row for (c, _), row in fixture.script.rows["kit:2"].items() if (row[0], c) == (NW, "customers")]
    sum = Checksum.of(record_hash("customers", row[2]["id"], row[2]) for row in rows).as_wire()
    _at_step(fixture, "rows", lambda request: _reply(ranges=[RANGE | sum]))
    fixture.must("sync")
    fixture.expect_replica("kit:2", "a range of `rows` came back unsplit, and the replica")
    sums = [r for r in fixture.server.requests("/v1/verify") if r.value.get("sums") is not None]
    expect(len(sums) == 1, "a range of `rows` came back unsplit, and the device compared from the start")


def _at_step(fixture: DeviceFixture, step: str, answer: Callable[[Request], Reply], times: int = 1) -> None:
    """Answer the first *times* requests that have *step* with *answer*."""
    count = 0

    def override(request: Request) -> Reply | None:
        nonlocal count
        if request.path != "/v1/verify" or not request.value.get(step) or count == times:
            return None
        count += 1
        return answer(request)

    fixture.server.override = override


def verify_stuck(fixture: DeviceFixture) -> None:
    """The server does not split a range that it was asked to split."""
    _differ(fixture)
    large = RANGE | {"count": LIMITS.verify_rows + 1, "sum": "0" * 16}

    def unsplit(request: Request) -> Reply:
        is_enough = len(fixture.server.requests("/v1/verify")) > ENOUGH
        return problem(500, "internal") if is_enough else _reply(ranges=[large])

    fixture.server.override = lambda request: unsplit(request) if request.path == "/v1/verify" else None
    answer = fixture.send("sync")
    count = len(fixture.server.requests("/v1/verify"))
    expect(count <= ENOUGH, "a range of `split` came back unsplit, and the device sent it again and again")
    expect(not answer["ok"], "a range of `split` came back unsplit, and the sync reports success")


def verify_drop(fixture: DeviceFixture) -> None:
    """The server answers that a stream starts again, from another cursor."""
    _differ(fixture)
    script = fixture.script
    script.rows["kit:fresh"] = {at: row for at, row in script.rows["kit:2"].items() if row[0] != NW}
    script.page("kit:fresh", "kit:done", Changes(NW, "customers", [(3, customer("C1", "From the start"))]))
    _at_step(fixture, "sums", lambda request: _reply(drop=[[NW, "customers"]], cursor="kit:fresh"))
    fixture.must("sync")
    fixture.expect_replica("kit:done", "a verification dropped a stream")
    pulls = [r for r in fixture.server.requests("/v1/pull") if r.query.get("cursor") == "kit:fresh"]
    expect(pulls, "the cursor of the reply did not replace the device's own")
    expect(not pulls[0].headers.get("if-none-match"), "the ETag of the former cursor was sent with the new one")


def verify_pull_first(fixture: DeviceFixture) -> None:
    """The stream has changed since the cursor: the device pulls, and compares from the start."""
    _differ(fixture)

    def changed(request: Request) -> Reply:
        fixture.script.page("kit:2", "kit:3", Changes(NW, "customers", [(60, customer("C1", "Later"))]))
        return _reply(pull_first=[[NW, "customers"]])

    _at_step(fixture, "sums", changed)
    fixture.must("sync")
    paths = [request.path for request in fixture.server.received]
    following = paths[paths.index("/v1/verify") + 1 :][:1]
    expect(following != ["/v1/verify"], "after `pull_first` it compared again without a pull")
    fixture.must("sync")
    fixture.expect_replica("kit:3", "a stream had changed since the cursor, and the replica")


def refetch(fixture: DeviceFixture) -> None:
    """A checksum that no replica can have: a faulty program, which may not fetch everything again and again."""
    ready(fixture)
    fixture.repair_allowed = True
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.script.pages[FIRST_CURSOR]["check"] = {"count": 999, "sum": "0" * 16}
    for _ in range(3):
        fixture.send("sync")
    fixture.expect_replica("kit:2", "the checksum of the server is wrong, and the replica")
    count = len([r for r in fixture.server.requests("/v1/pull") if "cursor" not in r.query]) - 1
    expect(
        count == 1, f"repairs do not help, and everything was fetched again {count} times instead of once a day"
    )
    verifications = len(fixture.server.requests("/v1/verify"))
    expect(verifications <= ENOUGH, f"repairs do not help, and the device verified {verifications} times")


def _broken(fixture: DeviceFixture, what: str, **fields: object) -> None:
    ready(fixture)
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.script.pages[FIRST_CURSOR] |= fields
    expect(not fixture.send("sync")["ok"], f"{what} was treated as success")
    fixture.expect_replica(FIRST_CURSOR, f"{what} was applied")


def without_check(fixture: DeviceFixture) -> None:
    _broken(fixture, "a complete page without `check`", check=None)


def without_then(fixture: DeviceFixture) -> None:
    size = {"sha256": "0" * 64, "bytes": 10, "rows": 1}
    offer = RANGE | size | {"priority": 1, "position": 5, "url": None}
    _broken(fixture, "a page with segments and without `then`", segments=[offer], complete=False, check=None)


RULES = [
    Rule("without-check", "A complete page without `check` is rejected", CONTRACT, without_check),
    Rule("without-then", "A page with segments and without `then` is rejected", CONTRACT, without_then),
    Rule("check", "`check` differs: verify, and repair what differs", VERIFY, check),
    Rule("check-later", "A verification that failed is repeated, also after a 304", PAGE, check_later),
    Rule("check-equal", "`check` is equal: do not verify", "docs/protocol.md#checksums", equal),
    Rule("repair-positions", "A repair counts whatever the stored position", PAGE, repair_positions),
    Rule("verify-unsplit", "A range of `rows` that comes back unsplit is compared again", PAGE, verify_unsplit),
    Rule(
        "verify-stuck", "A range of `split` that comes back unsplit ends the verification", PAGE, verify_stuck
    ),
    Rule("verify-drop", "`drop` and `cursor` of a verification: pull from that cursor", VERIFY, verify_drop),
    Rule("verify-pull-first", "`pull_first`: pull, then compare from the start", VERIFY, verify_pull_first),
    Rule("refetch", "If repairs do not help, fetch everything again, once a day", PAGE, refetch),
]
