"""Rules of receipts (tus 1.0.0): an upload continues, and a receipt is sent again if the server needs it."""

import base64
import hashlib

from sync_protocol.catalogue.expense_claim import EXPENSE_CLAIM
from sync_protocol.conformance.device_fixture import DeviceFixture, base_records
from sync_protocol.conformance.http_server import HttpServer, Reply, Request, problem
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import REP, Changes, submission_record

PAGE = "docs/device.md#receipts"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
SMALLEST_PIECE = 16 * 1024


def claim(fixture: DeviceFixture, file: bytes = PNG) -> tuple[str, str]:
    """Capture a claim with *file* as its receipt; return the id and the sha256 of the file."""
    digest = hashlib.sha256(file).hexdigest()
    line = {
        "line_no": 1, "date": fixture.script.server_time.date().isoformat(), "category_id": "meals",
        "description": "Lunch", "amount": "42.00", "receipts": [f"sha256:{digest}"],
    }  # fmt: skip
    body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
    receipt = {"name": "lunch.png", "base64": base64.b64encode(file).decode()}
    answer = fixture.must("capture", kind=EXPENSE_CLAIM.name, body=body, receipts=[receipt])
    return str(answer["id"]), digest


def _expect_stored(fixture: DeviceFixture, digest: str, file: bytes = PNG) -> None:
    expect(fixture.server.receipts.stored.get(digest) == file, "the receipt did not arrive completely")


def receipt(fixture: DeviceFixture) -> None:
    fixture.ready()
    id, digest = claim(fixture)
    fixture.server.once("/v1/receipts/", fixture.server.lose_reply, method="PATCH")
    fixture.send("sync")
    fixture.send("sync")
    fixture.must("sync")
    fixture.expect_no_faults()
    sent = fixture.pushed(id)
    expect(sent and f"sha256:{digest}" in sent[0].get("needs", []), "the receipt is not announced in `needs`")
    _expect_stored(fixture, digest)
    expect(
        fixture.server.requests("/v1/receipts/", "HEAD"),
        "after a lost reply it did not request the offset of the upload",
    )
    bytes_sent = sum(len(request.body) for request in fixture.server.requests("/v1/receipts/", "PATCH"))
    expect(bytes_sent == len(PNG), f"{bytes_sent} bytes were sent for a receipt of {len(PNG)}")


def _upload_begun(fixture: DeviceFixture) -> str:
    """Begin an upload whose first piece is lost on the way; return the sha256 of the receipt."""
    fixture.ready()
    _, digest = claim(fixture)
    fixture.server.once("/v1/receipts/", lambda request: Reply(0, lost=True), method="PATCH")
    fixture.send("sync")
    return digest


def expired(fixture: DeviceFixture) -> None:
    digest = _upload_begun(fixture)
    fixture.server.receipts.uploads.clear()
    fixture.send("sync")
    fixture.must("sync")
    _expect_stored(fixture, digest)


def damaged(fixture: DeviceFixture) -> None:
    fixture.ready()
    _, digest = claim(fixture)

    def discard(request: Request) -> Reply:
        fixture.server.receipts.uploads.clear()
        return problem(460, "digest_mismatch")

    fixture.server.once("/v1/receipts/", discard, method="PATCH")
    fixture.send("sync")
    fixture.must("sync")
    _expect_stored(fixture, digest)


def pieces(fixture: DeviceFixture) -> None:
    fixture.ready()
    large = PNG + bytes(2 * SMALLEST_PIECE)
    fixture.server.receipts.max_piece_bytes = SMALLEST_PIECE
    _, digest = claim(fixture, large)
    for _ in range(3):
        fixture.send("sync")
    _expect_stored(fixture, digest, large)


def location(fixture: DeviceFixture) -> None:
    fixture.ready()
    requests: list[Request] = []

    def elsewhere(request: Request) -> Reply:
        requests.append(request)
        return problem(404, "not_found")

    other = HttpServer(elsewhere)
    try:
        fixture.server.receipts.origin = other.address
        _, digest = claim(fixture)
        fixture.send("sync")
    finally:
        other.close()
    with_token = [r for r in requests if r.headers.get("authorization")]
    expect(not with_token, "the token was sent to another host, which `Location` named")
    fixture.must("sync")
    _expect_stored(fixture, digest)


def missing(fixture: DeviceFixture) -> None:
    fixture.ready()
    id, digest = claim(fixture)
    fixture.must("sync")
    _expect_stored(fixture, digest)
    fixture.server.receipts.stored.clear()
    fixture.server.receipts.uploads.clear()
    record = submission_record(fixture.server.documents[id], "waiting", missing=[f"sha256:{digest}"])
    fixture.script.page(fixture.cursor, "kit:missing", Changes(f"rep:{REP}", "submissions", [(6, record)]))
    fixture.must("sync")
    fixture.must("sync")
    _expect_stored(fixture, digest)


def refused(fixture: DeviceFixture) -> None:
    fixture.ready()
    _, digest = claim(fixture)
    for _ in range(9):
        fixture.server.once("/v1/receipts", lambda request: problem(415, "receipt_type"), method="POST")
    for _ in range(3):
        fixture.send("sync")
    offers = len(fixture.server.requests("/v1/receipts", "POST"))
    expect(offers == 1, f"a receipt that the server refuses was offered {offers} times")
    expect(digest not in fixture.server.receipts.stored, "a receipt that the server refuses was uploaded")
    other, _ = claim(fixture, PNG + b"another")
    fixture.send("sync")
    expect(fixture.pushed(other), "after a refused receipt it pushes no further claim")


def after_reset(fixture: DeviceFixture) -> None:
    fixture.ready()
    _, digest = claim(fixture)
    fixture.must("sync")
    _expect_stored(fixture, digest)
    fixture.server.receipts.stored.clear()
    fixture.server.receipts.uploads.clear()
    fixture.server.documents.clear()
    fixture.script.page(
        fixture.cursor, "kit:other", *base_records(), reset="epoch_changed", epoch="kit-epoch-2"
    )
    fixture.must("sync")
    fixture.must("sync")
    _expect_stored(fixture, digest)


RULES = [
    Rule("receipt", "An interrupted receipt continues where it stopped", PAGE, receipt),
    Rule("receipt-expired", "After 404 create the upload again", PAGE, expired),
    Rule("receipt-damaged", "After 460 begin the upload again", PAGE, damaged),
    Rule("receipt-pieces", "After 413 send smaller pieces", PAGE, pieces),
    Rule("receipt-location", "Only the path of `Location` is used", PAGE, location),
    Rule("receipt-missing", "Send the receipts in `missing` again", PAGE, missing),
    Rule("receipt-refused", "After 415 do not offer the receipt again", PAGE, refused),
    Rule("receipt-reset", "After a reset send the receipts again", "docs/device.md#pages", after_reset),
]
