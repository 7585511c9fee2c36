"""Rules about a newer server: what it may add to a reply, a device must tolerate."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import problem
from sync_protocol.conformance.outbox_rules import result_of
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, Changes, Json, customer

PAGE = "docs/versioning.md#what-a-device-must-ignore"
MORE: Json = {"colour": "of a newer server", "hints": [1, {"a": None}]}


def unknown(fixture: DeviceFixture) -> None:
    fixture.ready()
    record = customer("C3") | {"loyalty": "gold"}
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, record)]), **MORE)
    fixture.must("sync")
    records = fixture.records()
    expect(("customers", "C3") in records, "a page with unknown fields was not applied")
    expect(
        records["customers", "C3"].get("name") == "Customer C3", "a record with an unknown field was changed"
    )
    fixture.server.next_pull(lambda request: problem(503, "of_a_newer_server"))
    expect(not fixture.send("sync")["ok"], "an unknown error code was treated as success")
    fixture.must("sync")


def unknown_in_results(fixture: DeviceFixture) -> None:
    """Unknown fields in a result, and in each of its errors and warnings."""
    fixture.ready()
    received, refused = fixture.order(), fixture.order(notes="Refused")
    fault = {"code": "of_a_newer_server", "field": "lines[0].unit_price", "message": "is 0", **MORE}
    fixture.script.page(FIRST_CURSOR, FIRST_CURSOR)

    def result(id: str, status: str, state: str, **faults: list[Json]) -> Json:
        return result_of(id, status, state=state, **faults) | MORE

    fixture.server.results[received] = result(received, "received", "queued", warnings=[fault])
    fixture.server.results[refused] = result(refused, "refused", "rejected", errors=[fault])
    for _ in range(2):
        fixture.send("sync")
    for id in (received, refused):
        fixture.expect_document(id)
        count = len(fixture.pushed(id))
        expect(count == 1, f"a document was pushed {count} times: its result has fields of a newer server")


def unknown_401(fixture: DeviceFixture) -> None:
    fixture.ready()
    before = fixture.server.generation
    fixture.server.next_pull(lambda request: problem(401, "of_a_newer_server"))
    fixture.must("sync")
    count = fixture.server.generation - before
    expect(count == 1, f"after a 401 with an unknown code it refreshed {count} times instead of once")


RULES = [
    Rule("unknown", "Unknown fields and codes are tolerated", PAGE, unknown),
    Rule(
        "unknown-in-results",
        "Unknown fields in a result, its errors and its warnings",
        PAGE,
        unknown_in_results,
    ),
    Rule("unknown-401", "A 401 with an unknown code: refresh, repeat the request", PAGE, unknown_401),
]
