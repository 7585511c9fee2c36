"""Rules of a server that asks to wait: documents and receipts are kept, and sent later."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, PUSHES, DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.conformance.receipt_rules import PNG, claim
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, Changes, customer

PAGE = "docs/device.md#waiting"


def _refused_with(fixture: DeviceFixture, status: int, code: str) -> None:
    """Push an order to a server that answers *code* until the rep may send again."""
    fixture.ready()
    order = fixture.order()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))

    def refuse(request: Request) -> Reply | None:
        return problem(status, code, retry_after=1) if request.path in PUSHES else None

    fixture.server.override = refuse
    fixture.send("sync")
    fixture.expect_document(order)
    fixture.expect_replica("kit:2", f"after `{code}` the device does not pull")
    fixture.server.override = None
    fixture.must("sync")
    expect(order in fixture.server.documents, f"after `{code}` the document was not pushed again")


def quota(fixture: DeviceFixture) -> None:
    _refused_with(fixture, 429, "quota_exceeded")


def rate_limited(fixture: DeviceFixture) -> None:
    _refused_with(fixture, 429, "rate_limited")


def receipt_quota(fixture: DeviceFixture) -> None:
    """The receipt of an expense claim has to wait."""
    fixture.ready()
    _, digest = claim(fixture)
    fixture.server.once(
        "/v1/receipts", lambda request: problem(429, "quota_exceeded", retry_after=1), method="POST"
    )
    fixture.send("sync")
    fixture.must("sync")
    expect(
        fixture.server.receipts.stored.get(digest) == PNG,
        "after `quota_exceeded` the receipt was not sent again",
    )


def busy_page(fixture: DeviceFixture) -> None:
    """The documents are stored, and the page of the same reply has to wait."""
    fixture.ready()
    order = fixture.order()
    refusal = {"code": "server_busy", "status": 503, "title": "busy", "detail": "busy", "action": "wait"}

    def busy(request: Request) -> Reply:
        results = [
            {"id": document["id"], "status": "received", "state": "queued", "sha256": document["sha256"]}
            | {"errors": []}
            for document in request.value["submissions"]
        ]
        return json_reply({"results": results, "page": None, "problem": refusal}, headers={"Retry-After": "1"})

    fixture.server.once("/v1/sync", busy)
    fixture.server.once("/v1/pull", lambda request: problem(503, "server_busy", retry_after=1))
    fixture.send("sync")
    fixture.expect_document(order)
    fixture.must("sync")
    expect(len(fixture.pushed(order)) == 1, "a received document was pushed again because its page had to wait")


RULES = [
    Rule("quota", "After `quota_exceeded` keep the documents, pull, and push them later", PAGE, quota),
    Rule("rate-limited", "After `rate_limited` keep the documents, and push them later", PAGE, rate_limited),
    Rule("receipt-quota", "After `quota_exceeded` keep the receipt, and send it later", PAGE, receipt_quota),
    Rule("busy-page", "Store the results of a sync although its page has to wait", PAGE, busy_page),
]
