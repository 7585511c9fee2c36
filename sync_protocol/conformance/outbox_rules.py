"""Rules of the outbox: captured documents, how they are pushed, and what the results mean."""

import datetime as dt

from sync_protocol.catalogue.order import ORDER
from sync_protocol.conformance.device_fixture import (
    FIRST_CURSOR,
    PUSHES,
    DeviceFixture,
    base_records,
    order_body,
)
from sync_protocol.conformance.driver_process import Json
from sync_protocol.conformance.http_server import json_reply, problem
from sync_protocol.conformance.rule import NotApplicable, Rule, expect
from sync_protocol.conformance.script import NW, Changes, customer
from sync_protocol.conformance.scripted_server import Answer
from sync_protocol.submission import SubmissionSchema

DEVICE = "docs/device.md"
PAGE = "docs/device.md#results"
CAPTURING = "docs/device.md#capturing"


def capture(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.kill()
    fixture.expect_document(order)
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = fixture.pushed(order)
    expect(sent, "a captured order was not pushed after a restart")
    faults = SubmissionSchema().validate(sent[0])
    expect(not faults, f"the submission is invalid: {faults}")
    expect(sent[0]["body"] == order_body(fixture.script.server_time), "the body differs from the captured one")


def clock(fixture: DeviceFixture) -> None:
    """The server's time is three years before that of this machine."""
    fixture.script.server_time -= dt.timedelta(days=3 * 365)
    fixture.script.page(None, FIRST_CURSOR, *base_records())
    fixture.ready()
    order = fixture.sent_order()
    captured_at = dt.datetime.fromisoformat(fixture.pushed(order)[0]["captured_at"])
    difference = abs(captured_at - fixture.script.server_time)
    expect(
        difference < dt.timedelta(minutes=15),
        f"the clock is wrong by three years, and `captured_at` is {captured_at:%Y-%m-%d} instead of"
        f" {fixture.script.server_time:%Y-%m-%d}",
    )


def dismissed(fixture: DeviceFixture) -> None:
    fixture.ready()
    never_sent, refused_order = fixture.order(), fixture.order(notes="Refused")
    if not fixture.send("dismiss", id=never_sent)["ok"]:
        raise NotApplicable("the driver does not know the command `dismiss`")
    fixture.server.results[refused_order] = result_of(refused_order, "refused", state="rejected")
    fixture.must("sync")
    expect(not fixture.pushed(never_sent), "a document that the rep dismissed was pushed")
    fixture.must("dismiss", id=refused_order)
    before = len(fixture.pushed(refused_order))
    fixture.script.page(FIRST_CURSOR, "kit:other", *base_records(), reset="epoch_changed", epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.must("sync")
    expect(not fixture.pushed(never_sent), "a dismissed document was pushed after a reset")
    expect(
        len(fixture.pushed(refused_order)) == before,
        "a refused document that the rep dismissed was pushed again after a reset",
    )


def capture_refuses(fixture: DeviceFixture) -> None:
    fixture.ready()
    answer = fixture.send(
        "capture",
        kind=ORDER.name,
        body=order_body(fixture.script.server_time, customer_id="NOBODY"),
        receipts=[],
    )
    expect(not answer["ok"], "an order for a customer that the replica does not have was captured")
    expect(not fixture.documents(), "a refused capture left a document behind")


def lost_push(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.server.next_push(fixture.server.lose_reply)
    fixture.send("sync")
    fixture.kill()
    fixture.must("sync")
    sent = fixture.pushed(order)
    expect(len(sent) >= 2, "after a lost reply the document was not pushed again")
    expect(all(document == sent[0] for document in sent), "the document changed between two pushes")
    expect(len(fixture.server.documents) == 1, "a lost reply doubled the document")
    fixture.expect_no_faults()


def not_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.must("sync")
    before = len(fixture.pushed(order))
    fixture.must("sync")
    fixture.must("sync")
    expect(len(fixture.pushed(order)) == before, "a received document is pushed again")


def received_is_kept(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_document(order)


def result_of(id: str, status: str, **more: object) -> Json:
    """Return a result of a push for document *id*."""
    return {"id": id, "status": status, "state": None, "sha256": None, "errors": [], **more}


def _answered(fixture: DeviceFixture, id: str, status: str, **more: object) -> None:
    fixture.server.results[id] = result_of(id, status, **more)
    fixture.must("sync")
    fixture.expect_document(id)
    before = len(fixture.pushed(id))
    fixture.must("sync")
    expect(len(fixture.pushed(id)) == before, f"a document with the result {status} is pushed again")


def refused(fixture: DeviceFixture) -> None:
    fixture.ready()
    fault = {"code": "unknown_record", "field": "customer_id", "message": "C1 is not among your customers"}
    _answered(fixture, fixture.order(), "refused", state="rejected", errors=[fault])


def unread_id(fixture: DeviceFixture) -> None:
    """The server could not read the id of the document, so the result has none."""
    fixture.ready()
    order, other = fixture.order(), fixture.order(notes="Another order")
    fault = {"code": "field_invalid", "field": "zone", "message": "is not valid"}
    fixture.server.results[order] = result_of(order, "refused", errors=[fault]) | {"id": None}
    fixture.must("sync")
    expect(other in fixture.server.documents, "the other order was not pushed")
    before = [len(fixture.pushed(id)) for id in (order, other)]
    fixture.must("sync")
    after = [len(fixture.pushed(id)) for id in (order, other)]
    expect(after == before, "a result without an id was not stored: the documents are pushed again")
    fixture.expect_document(order)


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

    def answer(results: list[Json]) -> Answer:
        page = fixture.script.page_after(FIRST_CURSOR)
        return lambda request: json_reply({"results": results, "page": page, "problem": None})

    def result(id: str) -> Json:
        return {"id": id, "status": "received", "state": "queued", "sha256": "0" * 64, "errors": []}

    for results in ([result(first)], [result(second), result(first)]):
        fixture.server.next_push(answer(results))
        fixture.send("sync")
    fixture.send("sync")
    fixture.must("sync")
    expect(
        set(fixture.server.documents) == {first, second},
        "results that match no document were accepted, and a document was not pushed again",
    )


def pull_without_push(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.order()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.server.override = lambda request: problem(500, "internal") if request.path in PUSHES else None
    fixture.send("sync")
    fixture.send("sync")
    fixture.expect_replica("kit:2", "after a failed push the device does not pull")


RULES = [
    Rule(
        "capture",
        "A captured document survives a kill, and is pushed unchanged",
        "docs/device.md#capturing",
        capture,
    ),
    Rule("capture-refuses", "A document with faults is not captured", CAPTURING, capture_refuses),
    Rule("clock", "Take the time from the server if the device's clock is wrong", f"{DEVICE}#the-date", clock),
    Rule("lost-push", "After a lost reply push the same document again", PAGE, lost_push),
    Rule("not-again", "A received document is not pushed again", PAGE, not_again),
    Rule("received-is-kept", "The result of a push removes nothing from the outbox", PAGE, received_is_kept),
    Rule("refused", "`refused` is kept and not pushed again", PAGE, refused),
    Rule("unread-id", "A result without an id counts, by its place", PAGE, unread_id),
    Rule("quarantined", "`quarantined` is kept and not pushed again", PAGE, quarantined),
    Rule("other-bytes", "Another sha256 in the result: keep the document", PAGE, other_bytes),
    Rule("dismissed", "A document that the rep dismissed is never pushed", f"{DEVICE}#pages", dismissed),
    Rule("misfit-results", "Results that match no pushed document are ignored", PAGE, misfit_results),
    Rule(
        "pull-anyway",
        "After a failed push the device still pulls",
        "docs/device.md#one-sync",
        pull_without_push,
    ),
]
