"""Rules of a reset (both kinds that a new epoch may have) and of a second enrolment: what is due again."""

from collections.abc import Callable

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture, base_records
from sync_protocol.conformance.outbox_rules import result_of
from sync_protocol.conformance.revision_2 import ready
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import NW, REP, Changes, customer, submission_record
from sync_protocol.conformance.scripted_server import OTHER_REP_CODE, SECOND_CODE

PAGE = "docs/device.md#pages"
ENROLLING = "docs/device.md#enrolling"
SUBMISSIONS = f"rep:{REP}"
REPLACED = "01KBR9YJ3M00000000000000ZZ"
"""A document of another phone that replaced one of this one."""
NewEpoch = Callable[[DeviceFixture], None]


def _changed(fixture: DeviceFixture) -> None:
    """Begin a new epoch whose pages start again."""
    fixture.script.page(
        fixture.cursor, "kit:other", *base_records(), reset="epoch_changed", epoch="kit-epoch-2"
    )


def _rebased(fixture: DeviceFixture) -> None:
    """Begin a new epoch in which the device keeps its rows, also those of `submissions`."""
    fixture.script.page(fixture.cursor, "kit:other", reset="epoch_rebased", epoch="kit-epoch-2")


def _report(fixture: DeviceFixture, *records: dict[str, object]) -> None:
    """Let the feed bring *records* of `submissions`, and sync."""
    rows = [(10 + n, record) for n, record in enumerate(records)]
    fixture.script.page(fixture.cursor, "kit:states", Changes(SUBMISSIONS, "submissions", rows))
    fixture.must("sync")
    fixture.must("sync")


def reset(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order()
    fixture.server.documents.clear()
    fresh = Changes(NW, "customers", [(1, customer("C1", "After the restore"))])
    fixture.script.page(FIRST_CURSOR, "kit:other", fresh, reset="epoch_changed", epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:other", "after a reset the replica")
    fixture.expect_document(order)
    expect(order in fixture.server.documents, "a document sent before the reset was not pushed again")


def _due_again(fixture: DeviceFixture, begin: NewEpoch) -> None:
    names = ("accepted", "refused", "quarantined", "lost")
    orders = {name: fixture.order(notes=name) for name in names[:3]}
    for name in ("refused", "quarantined"):
        state = "rejected" if name == "refused" else None
        fixture.server.results[orders[name]] = result_of(orders[name], name, state=state)
    fixture.must("sync")
    accepted = fixture.server.documents[orders["accepted"]]
    _report(fixture, submission_record(accepted, "accepted"))
    orders["lost"] = fixture.order(notes="lost")
    fixture.server.next_push(fixture.server.lose_reply)
    fixture.send("sync")
    fixture.server.results.clear()
    fixture.server.documents.clear()
    begin(fixture)
    for _ in range(3):
        fixture.must("sync")
    missing = [name for name in names if orders[name] not in fixture.server.documents]
    expect(not missing, f"after the reset it did not push again what had been {', '.join(missing)}")


def due_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    _due_again(fixture, _changed)


def rebase_due_again(fixture: DeviceFixture) -> None:
    """The replica still says that the document is accepted: a row of the old epoch says nothing of the new."""
    ready(fixture)
    _due_again(fixture, _rebased)


def _not_due_again(fixture: DeviceFixture, begin: NewEpoch) -> None:
    states = ("withdrawn", "superseded", "cancelled", "rejected")
    orders = {state: fixture.order(notes=state) for state in states}
    orders["suspicious"] = fixture.order(notes="suspicious")
    fixture.server.results[orders["suspicious"]] = result_of(
        orders["suspicious"], "duplicate", state="queued", sha256="0" * 64
    )
    fixture.must("sync")
    documents = fixture.server.documents
    by = {"superseded": REPLACED, "rejected": REPLACED}
    _report(
        fixture,
        *(submission_record(documents[orders[s]], s, superseded_by=by.get(s)) for s in states),
    )
    before = {name: len(fixture.pushed(id)) for name, id in orders.items()}
    begin(fixture)
    for _ in range(2):
        fixture.must("sync")
    again = [name for name, id in orders.items() if len(fixture.pushed(id)) > before[name]]
    expect(not again, f"after the reset it pushed again what was {', '.join(again)}")
    for id in orders.values():
        fixture.expect_document(id)


def not_due_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    _not_due_again(fixture, _changed)


def rebase_not_due_again(fixture: DeviceFixture) -> None:
    ready(fixture)
    _not_due_again(fixture, _rebased)


def results_then_reset(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    _changed(fixture)
    for _ in range(3):
        fixture.must("sync")
    count = len(fixture.pushed(order))
    expect(count >= 2, "a document whose result came with the reset was not pushed again")
    expect(count == 2, f"a document was pushed {count} times after one reset")


def rebase(fixture: DeviceFixture) -> None:
    ready(fixture)
    order = fixture.sent_order()
    fixture.server.documents.clear()
    changes = Changes(NW, "customers", [(5000, customer("C1", "After the restore"))])
    fixture.script.page(fixture.cursor, "kit:rebased", changes, reset="epoch_rebased", epoch="kit-epoch-2")
    pulls = len(fixture.server.requests("/v1/pull"))
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:rebased", "after a rebase")
    expect(order in fixture.server.documents, "a document sent before the rebase was not pushed again")
    expect(
        all(r.query.get("cursor") for r in fixture.server.requests("/v1/pull")[pulls:]),
        "after a rebase it fetched everything again",
    )


def rebase_positions(fixture: DeviceFixture) -> None:
    """The restored server counts from a lower position than the rows have; the next one, from a higher."""
    ready(fixture)
    rows = [(9000, customer("C3")), (9001, customer("C1", "Old"))]
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", rows))
    fixture.must("sync")
    fixture.script.page("kit:2", "kit:rebased", reset="epoch_rebased", epoch="kit-epoch-2", head=50)
    changes = Changes(NW, "customers", [(60, customer("C1", "New"))], [(61, "C3")])
    fixture.script.page("kit:rebased", "kit:new", changes, epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:new", "after a rebase to a lower `head` the rows kept their old positions")
    fixture.script.page("kit:new", "kit:higher", reset="epoch_rebased", epoch="kit-epoch-3", head=500)
    late = Changes(NW, "customers", [(499, customer("C2", "Outdated"))], [(498, "C1")])
    fixture.script.page("kit:higher", "kit:end", late, epoch="kit-epoch-3")
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:end", "after a rebase to a higher `head` the rows kept their old positions")


def enrol_again(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.sent_order()
    fixture.server.documents.clear()
    expect(fixture.enrol(SECOND_CODE)["ok"], "the device cannot be enrolled again")
    fixture.expect_document(order)
    before = len(fixture.server.received)
    fixture.must("sync")
    fixture.must("sync")
    pulls = [r for r in fixture.server.received[before:] if r.path == "/v1/pull"]
    expect(not pulls or "cursor" not in pulls[0].query, "after a new enrolment it kept the cursor")
    fixture.expect_replica(FIRST_CURSOR, "after a new enrolment")
    expect(order in fixture.server.documents, "a document sent before the enrolment was not pushed again")


def other_rep(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    expect(fixture.enrol(OTHER_REP_CODE)["ok"], "the device cannot be enrolled for another rep")
    expect(not fixture.records(), "the records of the former rep are still there")
    fixture.expect_document(order)
    fixture.must("sync")
    fixture.must("sync")
    expect(not fixture.pushed(order), "a document of the former rep was pushed")
    fixture.expect_document(order)


RULES = [
    Rule("reset", "`epoch_changed`: delete the replica, push sent documents again", PAGE, reset),
    Rule("due-again", "After a reset accepted, refused and quarantined documents are due too", PAGE, due_again),
    Rule(
        "not-due-again",
        "After a reset withdrawn, superseded, cancelled and suspicious documents are not due",
        PAGE,
        not_due_again,
    ),
    Rule(
        "results-then-reset", "Store the results before the `reset` of the same reply", PAGE, results_then_reset
    ),
    Rule("enrol-again", "After a new enrolment push sent documents again", ENROLLING, enrol_again),
    Rule(
        "other-rep",
        "Another rep gets neither the records nor the documents of the former",
        ENROLLING,
        other_rep,
    ),
]
RULES_SINCE_2 = [
    Rule(
        "rebase",
        "`epoch_rebased`: keep the rows, push sent documents again",
        "docs/protocol.md#epoch-changes",
        rebase,
    ),
    Rule("rebase-positions", "`epoch_rebased` moves every row to `head`", PAGE, rebase_positions),
    Rule(
        "rebase-due-again",
        "After a rebase accepted, refused and quarantined documents are due too",
        PAGE,
        rebase_due_again,
    ),
    Rule(
        "rebase-not-due-again",
        "After a rebase withdrawn, superseded, cancelled and suspicious documents are not due",
        PAGE,
        rebase_not_due_again,
    ),
]
