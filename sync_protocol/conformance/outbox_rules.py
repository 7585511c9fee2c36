"""Rules of the outbox: captured documents, how they are pushed, and what the results mean."""

import base64
import hashlib

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture, order_body, today
from sync_protocol.conformance.driver_process import Json
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.conformance.script import NW, Changes, customer
from sync_protocol.conformance.verdict import Rule, expect
from sync_protocol.submission import SubmissionSchema

PAGE = "docs/device.md#results"
CAPTURING = "docs/device.md#capturing"
PUSHES = ("/v1/push", "/v1/sync")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def pushed(fixture: DeviceFixture, id: str) -> list[Json]:
    """Return every pushed copy of document *id*, in order."""
    return [
        document
        for request in fixture.server.received
        if request.path in PUSHES
        for document in request.value["submissions"]
        if document["id"] == id
    ]


def capture(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.kill()
    fixture.expect_document(order)
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = pushed(fixture, order)
    expect(sent, "a captured order was not pushed after a restart")
    faults = SubmissionSchema().validate(sent[0])
    expect(not faults, f"the submission is invalid: {faults}")
    expect(sent[0]["body"] == order_body(), "the body differs from what was captured")


def capture_refuses(fixture: DeviceFixture) -> None:
    fixture.ready()
    answer = fixture.send("capture", kind="order", body=order_body(customer_id="NOBODY"), receipts=[])
    expect(not answer["ok"], "an order for a customer that the replica does not have was captured")
    expect(not fixture.documents(), "a refused capture left a document behind")


def lost_push(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.server.next_push(fixture.server.lose_reply)
    fixture.send("sync")
    fixture.kill()
    fixture.must("sync")
    sent = pushed(fixture, order)
    expect(len(sent) >= 2, "after a lost reply the document was not pushed again")
    expect(all(document == sent[0] for document in sent), "the document changed between two pushes")
    expect(len(fixture.server.documents) == 1, "a lost reply doubled the document")
    fixture.expect_no_faults()


def not_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.must("sync")
    before = len(pushed(fixture, order))
    fixture.must("sync")
    fixture.must("sync")
    expect(len(pushed(fixture, order)) == before, "a received document is pushed again")


def received_is_kept(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_document(order)


def _answered(fixture: DeviceFixture, id: str, status: str, **more: object) -> None:
    result = {"id": id, "status": status, "state": None, "sha256": None, "errors": [], **more}
    fixture.server.results[id] = result
    fixture.must("sync")
    fixture.expect_document(id)
    before = len(pushed(fixture, id))
    fixture.must("sync")
    expect(len(pushed(fixture, id)) == before, f"a document with the result {status} is pushed again")


def refused(fixture: DeviceFixture) -> None:
    fixture.ready()
    fault = {"code": "unknown_record", "field": "customer_id", "message": "C1 is not among your customers"}
    _answered(fixture, fixture.order(), "refused", state="rejected", errors=[fault])


def quarantined(fixture: DeviceFixture) -> None:
    fixture.ready()
    _answered(fixture, fixture.order(), "quarantined")


def other_bytes(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    _answered(fixture, order, "duplicate", state="accepted", sha256="0" * 64)


def misfit_results(fixture: DeviceFixture) -> None:
    fixture.ready()
    first, second = fixture.order(), fixture.order(notes="Second")

    def swapped(results: list[Json]) -> Reply:
        page = fixture.script.empty(FIRST_CURSOR)
        return json_reply({"results": results, "page": page, "problem": None})

    def result(id: str) -> Json:
        return {"id": id, "status": "received", "state": "queued", "sha256": "0" * 64, "errors": []}

    for results in ([result(first)], [result(second), result(first)]):
        fixture.server.next_push(lambda request, r=results: swapped(r))  # type: ignore[misc]
        fixture.send("sync")
    fixture.send("sync")
    fixture.must("sync")
    expect(
        set(fixture.server.documents) == {first, second},
        "results that match no document were accepted, and a document was not pushed again",
    )


def halving(fixture: DeviceFixture) -> None:
    fixture.ready()
    orders = [fixture.order(notes=f"Order {n}") for n in range(5)]
    bad_order = orders[2]

    def refuse(request: Request) -> Reply | None:
        if request.path in PUSHES and bad_order in [d["id"] for d in request.value["submissions"]]:
            return problem(422, "envelope_invalid")
        return None

    fixture.server.override = refuse
    for _ in range(4):
        fixture.send("sync")
    missing = set(orders) - {bad_order} - set(fixture.server.documents)
    expect(not missing, f"one bad document blocked {len(missing)} good ones")
    fixture.expect_document(bad_order)


def pull_without_push(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.order()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.server.override = lambda request: problem(500, "internal") if request.path in PUSHES else None
    fixture.send("sync")
    fixture.send("sync")
    fixture.expect_replica("kit:2", "after a failed push the device does not pull")


def receipt(fixture: DeviceFixture) -> None:
    fixture.ready()
    digest = hashlib.sha256(PNG).hexdigest()
    line = {
        "line_no": 1, "date": today(), "category_id": "meals", "description": "Lunch", "amount": "42.00",
        "receipts": [f"sha256:{digest}"],
    }  # fmt: skip
    body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
    file = {"name": "lunch.png", "base64": base64.b64encode(PNG).decode()}
    claim = str(fixture.must("capture", kind="expense_claim", body=body, receipts=[file])["id"])
    fixture.server.once("/v1/receipts/", fixture.server.lose_reply, method="PATCH")
    fixture.send("sync")
    fixture.send("sync")
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = pushed(fixture, claim)
    expect(sent and f"sha256:{digest}" in sent[0].get("needs", []), "the receipt is not announced in `needs`")
    expect(fixture.server.receipts.stored.get(digest) == PNG, "the receipt did not arrive completely")
    expect(
        fixture.server.requests("/v1/receipts/", "HEAD"),
        "after a lost reply it did not request the offset of the upload",
    )
    bytes_sent = sum(len(request.body) for request in fixture.server.requests("/v1/receipts/", "PATCH"))
    expect(bytes_sent == len(PNG), f"{bytes_sent} bytes were sent for a receipt of {len(PNG)}")


RULES = [
    Rule(
        "capture",
        "A captured document survives a kill, and is pushed unchanged",
        "docs/device.md#capturing",
        capture,
    ),
    Rule("capture-refuses", "A document with faults is not captured", CAPTURING, capture_refuses),
    Rule("lost-push", "After a lost reply push the same document again", PAGE, lost_push),
    Rule("not-again", "A received document is not pushed again", PAGE, not_again),
    Rule("received-is-kept", "The result of a push removes nothing from the outbox", PAGE, received_is_kept),
    Rule("refused", "`refused` is kept and not pushed again", PAGE, refused),
    Rule("quarantined", "`quarantined` is kept and not pushed again", PAGE, quarantined),
    Rule("other-bytes", "Another sha256 in the result: keep the document", PAGE, other_bytes),
    Rule("misfit-results", "Results that match no pushed document are ignored", PAGE, misfit_results),
    Rule("halving", "One bad document blocks no other", "docs/device.md#batches", halving),
    Rule(
        "pull-anyway",
        "After a failed push the device still pulls",
        "docs/device.md#one-sync",
        pull_without_push,
    ),
    Rule("receipt", "An interrupted receipt continues where it stopped", "docs/device.md#receipts", receipt),
]
