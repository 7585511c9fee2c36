"""Rules of the outbox's end: when a document may be deleted, by the clock of the server's pages."""

import datetime as dt

from sync_protocol.conformance.device_fixture import DeviceFixture, base_records
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import REP, Changes, Json, submission_record

PAGE = "docs/device.md#when-a-document-may-be-deleted"
DAY = dt.timedelta(days=1)
OTHER_CONTENT = "0" * 64


def _page(fixture: DeviceFixture, name: str, after: dt.timedelta, *records: Json, reset: bool = False) -> None:
    """Add a page whose `server_time` is *after* later than the last one, with *records*, and sync twice."""
    fixture.script.server_time += after
    position = 10 + len(fixture.script.pages)
    changes = [Changes(f"rep:{REP}", "submissions", [(position, record) for record in records])]
    if reset:
        changes = [*base_records(), *changes]
    epoch = "kit-epoch-2" if reset else _epoch(fixture)
    kind = "epoch_changed" if reset else None
    fixture.script.page(fixture.cursor, name, *changes, reset=kind, epoch=epoch)
    fixture.must("sync")
    fixture.must("sync")


def _epoch(fixture: DeviceFixture) -> str:
    return next(str(p["epoch"]) for p in fixture.script.pages.values() if p["cursor"] == fixture.cursor)


def seven_days(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order()
    _page(fixture, "kit:accepted", DAY, submission_record(fixture.server.documents[order], "accepted"))
    _page(fixture, "kit:early", 7 * DAY - dt.timedelta(minutes=1))
    fixture.expect_document(order)


def seven_days_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order()
    record = submission_record(fixture.server.documents[order], "accepted")
    _page(fixture, "kit:accepted", DAY, record)
    _page(fixture, "kit:reset", 3 * DAY, reset=True)
    _page(fixture, "kit:accepted-again", DAY, record)
    _page(fixture, "kit:early", 6 * DAY)
    fixture.expect_document(order)


def not_final(fixture: DeviceFixture) -> None:
    fixture.ready()
    orders = [fixture.order(notes=state) for state in ("received", "queued", "parked", "rejected")]
    fixture.must("sync")
    documents = fixture.server.documents
    records = [submission_record(documents[id], documents[id]["body"]["notes"]) for id in orders[1:]]
    _page(fixture, "kit:states", DAY, *records)
    _page(fixture, "kit:later", 30 * DAY)
    for order in orders:
        fixture.expect_document(order)


def other_content(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order()
    record = submission_record(fixture.server.documents[order], "accepted") | {"sha256": OTHER_CONTENT}
    _page(fixture, "kit:accepted", DAY, record)
    _page(fixture, "kit:later", 30 * DAY)
    fixture.expect_document(order)


def own_content_again(fixture: DeviceFixture) -> None:
    """The feed reports another sha256, and later the right one: a reset makes the document due again."""
    fixture.ready()
    order = fixture.sent_order()
    record = submission_record(fixture.server.documents[order], "queued")
    _page(fixture, "kit:other-content", DAY, record | {"sha256": OTHER_CONTENT})
    _page(fixture, "kit:own-content", DAY, record)
    fixture.server.documents.clear()
    _page(fixture, "kit:reset", DAY, reset=True)
    expect(
        order in fixture.server.documents,
        "the feed reported the document's own sha256 again, and a reset did not make the document due",
    )


RULES = [
    Rule("seven-days", "Keep a document for seven days after its final state", PAGE, seven_days),
    Rule(
        "seven-days-again",
        "A reset that makes the document due again ends the seven days",
        PAGE,
        seven_days_again,
    ),
    Rule("not-final", "Keep a document without a final state", PAGE, not_final),
    Rule("other-content", "Keep a document if the feed reports another sha256", PAGE, other_content),
    Rule(
        "own-content-again",
        "A later record with the document's own sha256 removes the mark",
        "docs/device.md#pages",
        own_content_again,
    ),
]
