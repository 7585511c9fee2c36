"""Rules of canonical JSON: the hash of a row and the sha256 of a document, of text that is easily got wrong."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture, order_body
from sync_protocol.conformance.revision_2 import ready
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, Changes, Json, customer

TEXT = 'Müller "quoted" back\\slash /slash\t\n\u2028 e\u0301 \U0001f600'
"""Escapes, text that must not be escaped or normalized, and a character outside the first 65,536."""
CONTROL = "\u0001\u001f\u007f"
FIELDS: Json = {"\ufb33": 1, "\U0001f600": 2, "é": 3, "z": [], "Z": {}, "a": {"b": None, "a": True}}
"""By UTF-16 code units U+1F600 stands before U+FB33, by code points behind it."""
LARGEST = 2**53 - 1


def row_hash(fixture: DeviceFixture) -> None:
    ready(fixture)
    record = customer("C3", TEXT) | FIELDS | {"control": CONTROL} | {"largest": LARGEST, "negative": -LARGEST}
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, record)]))
    fixture.must("sync")
    count = len(fixture.server.requests("/v1/verify"))
    expect(not count, "the checksum of a row with special characters is wrong: the device verified it")
    fixture.expect_replica("kit:2")


def document_sha256(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order(notes=TEXT, of_a_newer_app=FIELDS | {"largest": LARGEST})
    fixture.expect_no_faults()
    [sent] = fixture.pushed(order)
    body = order_body(fixture.script.server_time, notes=TEXT, of_a_newer_app=FIELDS | {"largest": LARGEST})
    expect(sent["body"] == body, "the body differs from the captured one")


ROW_HASH = Rule("row-hash", "The hash of a row is over canonical JSON", "docs/protocol.md#checksums", row_hash)
RULES = [
    Rule(
        "document-sha256",
        "The sha256 of a document is over the canonical JSON of its body",
        "docs/protocol.md#push",
        document_sha256,
    )
]
