"""Rules of the outbox: captured documents, what is pushed, and what its answers mean."""

import base64
import hashlib

from sync_protocol.conformance.device_fixture import FIRST, DeviceFixture, order_body, today
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


def pushed(bench: DeviceFixture, id: str) -> list[Json]:
    """Return each time that document *id* was pushed, as it was."""
    return [
        document
        for request in bench.server.asked
        if request.path in PUSHES
        for document in request.value["submissions"]
        if document["id"] == id
    ]


def capture(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.kill()
    bench.kept(order)
    bench.must("sync")
    bench.no_faults()
    sent = pushed(bench, order)
    expect(sent, "a captured order was not pushed after a restart")
    faults = SubmissionSchema().validate(sent[0])
    expect(not faults, f"the submission is not one: {faults}")
    expect(sent[0]["body"] == order_body(), "the body is not what was captured")


def capture_refuses(bench: DeviceFixture) -> None:
    bench.ready()
    answer = bench.tell("capture", kind="order", body=order_body(customer_id="NOBODY"), receipts=[])
    expect(not answer["ok"], "an order for a customer that the replica does not have was captured")
    expect(not bench.documents(), "a refused capture left a document behind")


def lost_push(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.server.next_push(bench.server.lost)
    bench.tell("sync")
    bench.kill()
    bench.must("sync")
    sent = pushed(bench, order)
    expect(len(sent) >= 2, "after a lost reply the document was not pushed again")
    expect(all(document == sent[0] for document in sent), "the document was not the same when pushed again")
    expect(len(bench.server.documents) == 1, "a lost reply made two documents of one")
    bench.no_faults()


def not_again(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.must("sync")
    before = len(pushed(bench, order))
    bench.must("sync")
    bench.must("sync")
    expect(len(pushed(bench, order)) == before, "a document that was received is pushed again and again")


def received_is_kept(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.must("sync")
    bench.must("sync")
    bench.kept(order)


def _answered(bench: DeviceFixture, id: str, status: str, **more: object) -> None:
    result = {"id": id, "status": status, "state": None, "sha256": None, "errors": [], **more}
    bench.server.results[id] = result
    bench.must("sync")
    bench.kept(id)
    before = len(pushed(bench, id))
    bench.must("sync")
    expect(len(pushed(bench, id)) == before, f"a document that was {status} is pushed again and again")


def refused(bench: DeviceFixture) -> None:
    bench.ready()
    fault = {"code": "unknown_record", "field": "customer_id", "message": "C1 is not among your customers"}
    _answered(bench, bench.order(), "refused", state="rejected", errors=[fault])


def quarantined(bench: DeviceFixture) -> None:
    bench.ready()
    _answered(bench, bench.order(), "quarantined")


def other_bytes(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    _answered(bench, order, "duplicate", state="accepted", sha256="0" * 64)


def misfit_results(bench: DeviceFixture) -> None:
    bench.ready()
    first, second = bench.order(), bench.order(notes="Second")

    def swapped(results: list[Json]) -> Reply:
        page = bench.story.empty(FIRST)
        return json_reply({"results": results, "page": page, "problem": None})

    def result(id: str) -> Json:
        return {"id": id, "status": "received", "state": "queued", "sha256": "0" * 64, "errors": []}

    for results in ([result(first)], [result(second), result(first)]):
        bench.server.next_push(lambda request, r=results: swapped(r))  # type: ignore[misc]
        bench.tell("sync")
    bench.tell("sync")
    bench.must("sync")
    expect(
        set(bench.server.documents) == {first, second},
        "results that fit no document were taken, and a document was never pushed again",
    )


def halving(bench: DeviceFixture) -> None:
    bench.ready()
    orders = [bench.order(notes=f"Order {n}") for n in range(5)]
    poison = orders[2]

    def refuse(request: Request) -> Reply | None:
        if request.path in PUSHES and poison in [d["id"] for d in request.value["submissions"]]:
            return problem(422, "envelope_invalid")
        return None

    bench.server.always = refuse
    for _ in range(4):
        bench.tell("sync")
    missing = set(orders) - {poison} - set(bench.server.documents)
    expect(not missing, f"one bad document kept {len(missing)} good ones from the server")
    bench.kept(poison)


def pull_without_push(bench: DeviceFixture) -> None:
    bench.ready()
    bench.order()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    bench.server.always = lambda request: problem(500, "internal") if request.path in PUSHES else None
    bench.tell("sync")
    bench.tell("sync")
    bench.holds("kit:2", "a push that failed kept the device from pulling")


def receipt(bench: DeviceFixture) -> None:
    bench.ready()
    digest = hashlib.sha256(PNG).hexdigest()
    line = {
        "line_no": 1, "date": today(), "category_id": "meals", "description": "Lunch", "amount": "42.00",
        "receipts": [f"sha256:{digest}"],
    }  # fmt: skip
    body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
    file = {"name": "lunch.png", "base64": base64.b64encode(PNG).decode()}
    claim = str(bench.must("capture", kind="expense_claim", body=body, receipts=[file])["id"])
    bench.server.once("/v1/receipts/", bench.server.lost, method="PATCH")
    bench.tell("sync")
    bench.tell("sync")
    bench.must("sync")
    bench.no_faults()
    sent = pushed(bench, claim)
    expect(sent and f"sha256:{digest}" in sent[0].get("needs", []), "the receipt is not announced in `needs`")
    expect(bench.server.receipts.stored.get(digest) == PNG, "the receipt did not arrive whole")
    expect(
        bench.server.requests("/v1/receipts/", "HEAD"),
        "after a lost reply it did not ask where the upload stands",
    )
    bytes_sent = sum(len(request.body) for request in bench.server.requests("/v1/receipts/", "PATCH"))
    expect(bytes_sent == len(PNG), f"{bytes_sent} bytes were sent for a receipt of {len(PNG)}")


RULES = [
    Rule(
        "capture",
        "A captured document survives a kill, and is pushed as it was",
        "docs/device.md#capturing",
        capture,
    ),
    Rule("capture-refuses", "A document with faults is not captured", CAPTURING, capture_refuses),
    Rule("lost-push", "After a lost reply the same document again", PAGE, lost_push),
    Rule("not-again", "What was received is not due any more", PAGE, not_again),
    Rule("received-is-kept", "Nothing leaves the outbox because a push was answered", PAGE, received_is_kept),
    Rule("refused", "`refused` is kept and not pushed again", PAGE, refused),
    Rule("quarantined", "`quarantined` is kept and not pushed again", PAGE, quarantined),
    Rule("other-bytes", "Another sha256 in the answer: keep the document", PAGE, other_bytes),
    Rule("misfit-results", "Results that do not fit are not taken", PAGE, misfit_results),
    Rule("halving", "One bad document blocks no other", "docs/device.md#batches", halving),
    Rule(
        "pull-anyway",
        "A failed push does not keep from pulling",
        "docs/device.md#one-sync",
        pull_without_push,
    ),
    Rule("receipt", "A receipt goes on where it was cut", "docs/device.md#receipts", receipt),
]
