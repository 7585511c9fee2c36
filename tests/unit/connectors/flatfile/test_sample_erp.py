"""The sample ERP behaves like one: numbers once, refuses and holds with reasons, ships, invoices, is paid."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ulid import ULID

from backend.cli.sample_erp import sample_erp
from backend.clock import ManualClock, SystemClock
from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.records import Acknowledgement, Document
from backend.erp.testing import read_all
from backend.sample_erp import run
from backend.sample_erp.export import write_export
from backend.sample_erp.reps import REPS, TERRITORIES
from backend.sample_erp.run import BANNER, opened
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.submission import State
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
    claim_body,
    document,
    order_body,
    receipt_file,
)


def answer(
    files: FlatFileFixture, connector: FlatFileConnector, submitted: Document, **options: Any
) -> Acknowledgement:
    """Hand *submitted* over, let the ERP do one round, and return its answer."""
    connector.create(submitted)
    run(files.folder, once=True, **options)
    [found] = [late for late in connector.acknowledgements() if late.key == submitted.id]
    return found


def in_the_erp(connector: FlatFileConnector, submitted: Document) -> dict[str, Any]:
    """Return the ERP's order that carries the key of *submitted*."""
    records, _ = read_all(connector, "orders")
    [order] = [record for record in records.values() if record["submission_id"] == submitted.id]
    return dict(order)


def satchel(files: FlatFileFixture, *arguments: str) -> Result:
    return CliRunner().invoke(sample_erp, ["--folder", str(files.folder), *arguments])


def test_the_same_seed_and_day_found_the_same_company(tmp_path: Path, clock: ManualClock) -> None:
    digests = []
    for name in ("one", "two"):
        run(tmp_path / name, seed=3, once=True, clock=clock)
        [drop] = (tmp_path / name / "from_erp").iterdir()
        digests.append(
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in drop.glob("*.csv")}
        )
    assert digests[0] == digests[1]
    assert len(digests[0]) == 17


def test_the_company_has_the_size_of_a_real_one_and_every_record_is_sound(tmp_path: Path) -> None:
    run(tmp_path / "erp", once=True)
    connector = connect({"folder": str(tmp_path / "erp")})
    sizes = {name: len(list(connector.keys(name))) for name in connector.capabilities().collections}
    assert (sizes["customers"], sizes["products"], sizes["orders"]) == (300, 1500, 2000)
    assert (sizes["warehouses"], sizes["price_lists"], sizes["stock_levels"]) == (2, 4, 3000)
    orders = connector.read("orders", None, 5000).records
    assert len(orders) == 2000, "every order is sound"
    for axis in ("transport", "delivery", "billing"):
        assert len({order["axes"][axis] for order in orders}) >= 4, axis
    customers = connector.read("customers", None, 5000).records
    assert (
        {customer["territory"] for customer in customers} == set(TERRITORIES) == {rep.territory for rep in REPS}
    )
    assert {customer["status"] for customer in customers} == {"active", "blocked", "closed", "prospect"}
    connector.close()


def test_an_order_is_taken_and_seen_in_the_next_snapshot_under_its_key(
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
    seen: list[tuple[str, str, str]] = []
    for _ in range(10):
        record = in_the_erp(flatfile, order)
        axes = record["axes"]
        seen.append((axes["transport"], axes["delivery"], axes["billing"]))
        if axes["transport"] == "done":
            break
        files.work()
    assert seen[-1] == ("done", "delivered", "paid")
    assert ("processing", "delivered", "invoiced") in seen
    assert record["deliveries"][-1]["status"] == "done"
    assert all(line["delivered"] == line["ordered"] == line["invoiced"] for line in record["lines"])
    receivables, _ = read_all(flatfile, "receivables")
    items = [item for item in receivables.values() if item["order_number"] == record["number"]]
    assert {item["type"] for item in items} == {"invoice", "payment"}
    assert sum(float(item["amount"]) for item in items) == pytest.approx(0)


def test_stock_is_reserved_and_then_shipped(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    with opened(files.folder) as (_, books), books.transaction():
        books.do("UPDATE stock SET on_hand = '50', reserved = '0', available = '50' WHERE product_id = 'S0001'")
    answer(files, flatfile, files.order())
    seen = set()
    for _ in range(4):
        with opened(files.folder) as (_, books):
            row = books.one("SELECT * FROM stock WHERE product_id = 'S0001' AND warehouse_id = 'W1'")
            assert row is not None
            seen.add((row["on_hand"], row["reserved"], row["available"]))
        files.work()
    assert ("50", "2", "48") in seen
    assert ("48", "0", "48") in seen


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
def test_what_a_real_erp_would_refuse_is_refused_by_line(
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
    held = answer(files, flatfile, order)
    assert held.outcome.state is State.ON_HOLD
    assert "credit limit exceeded" in (held.outcome.reason or "")
    assert in_the_erp(flatfile, order)["axes"]["approval"] == "credit_hold"
    flatfile.confirm(held.token)
    satchel(files, "set-limit", "C0001", "900000")
    files.work()
    [released] = flatfile.acknowledgements()
    assert (released.outcome.state, released.outcome.number) == (State.ACCEPTED, held.outcome.number)
    assert files.count("order", order.id) == 1


def test_what_is_held_by_hand_waits_for_a_hand(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    order = files.order()
    held = answer(files, flatfile, order, hold=True)
    assert held.outcome.state is State.ON_HOLD
    flatfile.confirm(held.token)
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
    [again] = flatfile.acknowledgements()
    assert again.outcome.number == first.outcome.number
    assert files.count("order", order.id) == 1


def test_a_claim_whose_receipt_is_damaged_on_the_way_is_not_taken(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    claim = document("expense_claim", claim_body(), receipt_file())
    flatfile.create(claim)
    [receipt] = (files.folder / "to_erp").glob("*.pdf")
    receipt.write_bytes(b"half")
    said: list[str] = []
    run(files.folder, once=True, say=said.append)
    assert any("is not what the manifest says" in line for line in said)
    assert list(flatfile.acknowledgements()) == []


def test_nothing_new_is_dropped_only_when_something_changed(files: FlatFileFixture) -> None:
    with opened(files.folder) as (layout, books):
        assert write_export(layout, books, SystemClock().now()) is None
    satchel(files, "move-customer", "C0001", "SW")
    assert len(list((files.folder / "from_erp").iterdir())) == 2


def test_a_customer_can_be_moved_renamed_closed_and_deleted(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    assert "C0001: now in SW" in satchel(files, "move-customer", "C0001", "SW").output
    assert satchel(files, "rename-customer", "C0002", "New Name AG").exit_code == 0
    assert satchel(files, "close-customer", "C0003").exit_code == 0
    customers, _ = read_all(flatfile, "customers")
    assert customers["C0001"]["territory"] == "SW"
    assert customers["C0002"]["name"] == "New Name AG"
    assert customers["C0003"]["status"] == "closed"
    with opened(files.folder) as (_, books):
        row = books.one("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)")
    assert row is not None, "the small company has a customer without orders"
    assert satchel(files, "delete-customer", row["id"]).exit_code == 0
    assert row["id"] not in set(flatfile.keys("customers"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["move-customer", "C0001", "MOON"], "there is no territory MOON; there are NE,"),
        (["move-customer", "C9999", "NE"], "there is no customer C9999"),
        (["release", "SO-1"], "no held order is called SO-1"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    files: FlatFileFixture, arguments: list[str], words: str
) -> None:
    result = satchel(files, *arguments)
    assert result.exit_code == 1
    assert words in result.output


def test_it_says_what_it_is(files: FlatFileFixture) -> None:
    assert BANNER in satchel(files, "--once").output


@pytest.fixture
def process(files: FlatFileFixture) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Sample ERPs that the test starts; whatever is left of them is killed."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        one.kill()
        one.wait()


def start(files: FlatFileFixture, failpoints: str = "") -> subprocess.Popen[bytes]:
    script = f"from backend.sample_erp import run; run({str(files.folder)!r}, speed=50)"
    environ = {**os.environ, "SATCHEL_FAILPOINTS": failpoints}
    return subprocess.Popen([sys.executable, "-c", script], env=environ)


@pytest.mark.parametrize(
    "point", ["before_commit", "after_commit", "before_ack_manifest", "after_ack", "before_export_manifest"]
)
def test_killed_at_its_worst_moments_it_takes_a_document_once_and_answers_it(
    files: FlatFileFixture, flatfile: FlatFileConnector, process: list[subprocess.Popen[bytes]], point: str
) -> None:
    order = files.order()
    flatfile.create(order)
    process.append(start(files, f"sample_erp.{point}=kill"))
    assert process[-1].wait(30) == -signal.SIGKILL
    files.work()
    [late] = flatfile.acknowledgements()
    assert late.outcome.state is State.ACCEPTED
    assert files.count("order", order.id) == 1
    assert in_the_erp(flatfile, order)["number"] == late.outcome.number


def test_killed_again_and_again_it_takes_every_document_once(
    files: FlatFileFixture, flatfile: FlatFileConnector, process: list[subprocess.Popen[bytes]]
) -> None:
    chance = random.Random(7)
    orders = [document("order", order_body(), key=str(ULID())) for _ in range(12)]
    for order in orders:
        flatfile.create(order)
        process.append(start(files))
        time.sleep(chance.uniform(0.2, 0.7))
        process[-1].send_signal(signal.SIGKILL)
        process[-1].wait()
    files.work()
    answers = {late.key: late.outcome for late in flatfile.acknowledgements()}
    assert set(answers) == {order.id for order in orders}
    assert {outcome.state for outcome in answers.values()} == {State.ACCEPTED}
    numbers = [outcome.number for outcome in answers.values()]
    assert len(set(numbers)) == len(orders)
    assert [files.count("order", order.id) for order in orders] == [1] * len(orders)
    for collection in ("customers", "orders", "stock_levels"):
        page = flatfile.read(collection, None, 5000)
        assert page.bad == ()
        assert all(COLLECTIONS[collection].faults(dict(record)) == [] for record in page.records)


def test_a_drop_that_was_killed_halfway_is_cleared_away(files: FlatFileFixture) -> None:
    [whole] = (files.folder / "from_erp").iterdir()
    half = whole.with_name("20200101T000000Z")
    shutil.copytree(whole, half)
    (half / "manifest.json").unlink()
    os.utime(half)
    satchel(files, "rename-customer", "C0002", "Another")
    assert not half.exists()
    assert whole.exists()


def test_what_was_refused_is_looked_at_again_when_it_comes_again(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    satchel(files, "close-customer", "C0001")
    order = files.order()
    refused = answer(files, flatfile, order)
    assert refused.outcome.state is State.REJECTED
    flatfile.confirm(refused.token)
    with opened(files.folder) as (_, books), books.transaction():
        books.do("UPDATE customers SET status = 'active' WHERE id = 'C0001'")
    assert answer(files, flatfile, order).outcome.state is State.ACCEPTED
    assert files.count("order", order.id) == 1
