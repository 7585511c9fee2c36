"""The sample ERP behaves like one: numbers once, refuses and holds with reasons, ships, invoices, is paid."""

from typing import Any

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.testing import read_all
from backend.sample_erp import run
from backend.sample_erp.run import opened
from sync_protocol.submission import State
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
    claim_body,
    document,
    order_body,
    receipt_file,
)
from tests.unit.sample_erp.sample_erp_steps import answer, in_the_erp, satchel


def test_an_accepted_order_is_in_the_next_export_with_its_key(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    order = files.order()
    outcome = answer(files, flatfile, order).outcome
    assert outcome.state is State.ACCEPTED
    record = in_the_erp(flatfile, order)
    assert record["number"] == outcome.number
    assert [line["ordered"] for line in record["lines"]] == ["2", "10"]
    assert (record["net"], record["tax"], record["gross"]) == ("36.73", "6.98", "43.71")


def test_an_order_lives_through_delivery_invoice_and_payment(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    order = files.order()
    answer(files, flatfile, order)
    states: list[tuple[str, str, str]] = []
    for _ in range(10):
        record = in_the_erp(flatfile, order)
        axes = record["axes"]
        states.append((axes["transport"], axes["delivery"], axes["billing"]))
        if axes["transport"] == "done":
            break
        files.work()
    assert states[-1] == ("done", "delivered", "paid")
    assert ("processing", "delivered", "invoiced") in states
    assert record["deliveries"][-1]["status"] == "done"
    assert all(line["delivered"] == line["ordered"] == line["invoiced"] for line in record["lines"])
    receivables, _ = read_all(flatfile, "receivables")
    items = [item for item in receivables.values() if item["order_number"] == record["number"]]
    assert {item["type"] for item in items} == {"invoice", "payment"}
    assert sum(float(item["amount"]) for item in items) == pytest.approx(0)


def test_stock_is_reserved_and_then_shipped(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    with opened(files.folder) as (_, db), db.transaction():
        db.execute(
            "UPDATE stock SET on_hand = '50', reserved = '0', available = '50' WHERE product_id = 'S0001'"
        )
    answer(files, flatfile, files.order())
    levels = set()
    for _ in range(4):
        with opened(files.folder) as (_, db):
            row = db.row("SELECT * FROM stock WHERE product_id = 'S0001' AND warehouse_id = 'W1'")
            assert row is not None
            levels.add((row["on_hand"], row["reserved"], row["available"]))
        files.work()
    assert ("50", "2", "48") in levels
    assert ("48", "0", "48") in levels


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"customer_id": "C9999"}, "lines[0]", "customer C9999 is not known"),
        ({"customer_id": "C0041"}, "lines[0]", "customer C0041 is closed"),
        ({"line": {"product_id": "X1"}}, "lines[1]", "product X1 is not known"),
        ({"line": {"unit": "box"}}, "lines[1]", "is sold in piece, not in box"),
        ({"line": {"quantity": "100001"}}, "lines[1]", "100001 is more than 100000"),
    ],
)
def test_invalid_lines_are_refused_by_line(
    files: FlatFileFixture, flatfile: FlatFileConnector, change: dict[str, Any], field: str, words: str
) -> None:
    body = order_body()
    body["lines"][1].update(change.pop("line", {}))
    order = document("order", {**body, **change})
    outcome = answer(files, flatfile, order).outcome
    assert outcome.state is State.REJECTED
    assert words in (outcome.reason or "")
    assert outcome.errors[0]["field"] == field
    assert files.count("order", order.id) == 0


def test_an_order_over_the_credit_limit_is_held_and_released_when_there_is_room(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    satchel(files, "set-limit", "C0001", "1")
    order = files.order()
    acknowledgement = answer(files, flatfile, order)
    assert acknowledgement.outcome.state is State.ON_HOLD
    assert "credit limit exceeded" in (acknowledgement.outcome.reason or "")
    assert in_the_erp(flatfile, order)["axes"]["approval"] == "credit_hold"
    flatfile.confirm(acknowledgement.token)
    satchel(files, "set-limit", "C0001", "900000")
    files.work()
    [released] = flatfile.acknowledgements()
    assert (released.outcome.state, released.outcome.number) == (State.ACCEPTED, acknowledgement.outcome.number)
    assert files.count("order", order.id) == 1


def test_a_manual_hold_ends_with_a_release(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    order = files.order()
    acknowledgement = answer(files, flatfile, order, hold=True)
    assert acknowledgement.outcome.state is State.ON_HOLD
    flatfile.confirm(acknowledgement.token)
    files.work()
    assert list(flatfile.acknowledgements()) == []
    assert satchel(files, "release", order.id).exit_code == 0
    [released] = flatfile.acknowledgements()
    assert released.outcome.state is State.ACCEPTED


def test_a_document_that_comes_again_is_answered_with_the_same_number(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    order = files.order()
    first = answer(files, flatfile, order)
    for path in (files.folder / "acks").iterdir():
        path.unlink()  # the answer was lost
    files.work()
    [second_answer] = flatfile.acknowledgements()
    assert second_answer.outcome.number == first.outcome.number
    assert files.count("order", order.id) == 1


def test_a_claim_whose_receipt_is_damaged_on_the_way_is_not_taken(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    claim = document("expense_claim", claim_body(), receipt_file())
    flatfile.create(claim)
    [receipt] = (files.folder / "to_erp").glob("*.pdf")
    receipt.write_bytes(b"half")
    lines: list[str] = []
    run(files.folder, once=True, say=lines.append)
    assert any("differs from the manifest" in line for line in lines)
    assert list(flatfile.acknowledgements()) == []


def test_a_refused_document_is_checked_again_when_sent_again(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    satchel(files, "close-customer", "C0001")
    order = files.order()
    refused = answer(files, flatfile, order)
    assert refused.outcome.state is State.REJECTED
    flatfile.confirm(refused.token)
    with opened(files.folder) as (_, db), db.transaction():
        db.execute("UPDATE customers SET status = 'active' WHERE id = 'C0001'")
    assert answer(files, flatfile, order).outcome.state is State.ACCEPTED
    assert files.count("order", order.id) == 1
