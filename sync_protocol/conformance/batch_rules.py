"""Rules of batches: their size, and that one document never blocks the others."""

from sync_protocol.conformance.device_fixture import PUSHES, DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.limits import LIMITS

PAGE = "docs/device.md#batches"


def _expect_others(fixture: DeviceFixture, orders: list[str], bad_order: str) -> None:
    missing = set(orders) - {bad_order} - set(fixture.server.documents)
    expect(not missing, f"one bad document blocked {len(missing)} good ones")
    fixture.expect_document(bad_order)


def _orders_with_a_bad_one(fixture: DeviceFixture, reply: Reply) -> tuple[list[str], str]:
    """Capture orders, and answer each push that contains one of them with *reply*; return all and that one."""
    fixture.ready()
    orders = [fixture.order(notes=f"Order {n}") for n in range(5)]
    bad_order = orders[2]

    def refuse(request: Request) -> Reply | None:
        is_bad = request.path in PUSHES and bad_order in [d["id"] for d in request.value["submissions"]]
        return reply if is_bad else None

    fixture.server.override = refuse
    return orders, bad_order


def halving(fixture: DeviceFixture) -> None:
    orders, bad_order = _orders_with_a_bad_one(fixture, problem(422, "envelope_invalid"))
    for _ in range(4):
        fixture.send("sync")
    _expect_others(fixture, orders, bad_order)


def halving_400(fixture: DeviceFixture) -> None:
    orders, bad_order = _orders_with_a_bad_one(fixture, problem(400, "not_json"))
    for _ in range(4):
        fixture.send("sync")
    _expect_others(fixture, orders, bad_order)


def damaged_push(fixture: DeviceFixture) -> None:
    """The body was damaged in transit, which says nothing about a document in it."""
    fixture.ready()
    orders = [fixture.order(notes=f"Order {n}") for n in range(3)]
    damaged = problem(400, "body_damaged")
    fixture.server.override = lambda request: damaged if request.path in PUSHES else None
    expect(not fixture.send("sync")["ok"], "a push that was damaged in transit was treated as success")
    counts = [len(fixture.pushed(id)) for id in orders]
    expect(counts == [1] * 3, "a push that was damaged in transit was halved, or repeated in the same sync")
    fixture.server.override = None
    fixture.must("sync")
    missing = set(orders) - set(fixture.server.documents)
    expect(not missing, f"{len(missing)} documents were not pushed again after damage in transit")


def proxy(fixture: DeviceFixture) -> None:
    page = Reply(413, b"<html>413 Request Entity Too Large</html>", {"Content-Type": "text/html"})
    orders, bad_order = _orders_with_a_bad_one(fixture, page)
    for _ in range(4):
        fixture.send("sync")
    _expect_others(fixture, orders, bad_order)


def crash(fixture: DeviceFixture) -> None:
    orders, bad_order = _orders_with_a_bad_one(fixture, problem(500, "internal"))
    for _ in range(8):
        fixture.send("sync")
    _expect_others(fixture, orders, bad_order)


def batch_size(fixture: DeviceFixture) -> None:
    fixture.ready()
    orders = {fixture.order(notes=f"Order {n}") for n in range(LIMITS.push_submissions + 1)}
    fixture.must("sync")
    fixture.expect_no_faults()
    missing = orders - set(fixture.server.documents)
    expect(not missing, f"{len(missing)} of {len(orders)} documents were not pushed")


RULES = [
    Rule("batch-size", f"A push has at most {LIMITS.push_submissions} documents", PAGE, batch_size),
    Rule("halving", "One bad document blocks no other", PAGE, halving),
    Rule("halving-400", "The same for a batch that is refused with 400", PAGE, halving_400),
    Rule("damaged-push", "After `body_damaged` send the same batch in the next sync", PAGE, damaged_push),
    Rule("crash", "A document on which the server fails is pushed last, and then alone", PAGE, crash),
    Rule(
        "proxy",
        "413 has the same meaning when a proxy sends it",
        "docs/device.md#trusting-a-reply",
        proxy,
    ),
]
