"""The main job on the embedded default: SQLite, no Redis, the sample company's ERP over files."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.scenarios.conftest import Enrol
from tests.system.scenarios.node import ROOT, Node


class SampleErp:
    """The sample ERP as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("--once")

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "backend.cli", "sample-erp", "--folder", str(self.folder), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        ).stdout


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> SampleErp:
    return SampleErp(tmp_path_factory.mktemp("company") / "erp")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, erp: SampleErp) -> Iterator[Node]:
    """One node for all tests of this file: most of their time is creating the company and the first import."""
    with Node(tmp_path_factory.mktemp("node"), {"SATCHEL_ERP_FOLDER": str(erp.folder)}) as node:
        node.command("init", "--sample")
        node.command("ingest")
        node.start_web()
        yield node


def test_a_document_captured_offline_reaches_the_erp_once_and_its_state_returns(
    node: Node, erp: SampleErp, enrol: Enrol
) -> None:
    rep = enrol(node, "R1")
    rep.sync()
    counts = rep.device.status().counts
    assert counts["customers"] > 30
    assert counts["products"] > 1000
    assert {c["territory"] for c in rep.device.records("customers")} == {"NE"}

    node.stop(node.web)  # from here on there is no signal
    ids = [rep.capture_order(), rep.capture_forecast(), rep.capture_claim()]
    report = rep.device.sync()
    assert report.problem is not None
    assert {document.stage for document in rep.device.documents()} == {"on_device"}

    node.start_web()
    rep.sync()
    states = [record["state"] for id in ids if (record := rep.submission(id))]
    # The worker, which does not run yet, checks the photo of the claim.
    assert states == ["queued", "queued", "received"]

    node.start_worker()
    order_id = ids[0]

    def handed_over() -> bool:
        rep.device.sync()
        records = [rep.submission(id) for id in ids]
        return all(record and record["state"] in ("handed_over", "accepted") for record in records)

    eventually(handed_over, "all three are handed over")
    erp.run("--once")
    order, forecast, claim = rep.sync_until(lambda: rep.accepted(*ids), "all three are accepted")
    assert order["erp_number"].startswith("SO-")
    assert claim["erp_number"].startswith("EX-")
    assert forecast["erp_number"] or forecast["state"] == "accepted"

    def executed() -> list[dict[str, object]]:
        rep.device.sync()
        return [o for o in rep.device.records("orders") if o["submission_id"] == order_id]

    [in_erp] = eventually(executed, "the order comes back among the ERP's orders")
    assert in_erp["number"] == order["erp_number"]
    assert rep.device.integrity_errors() == []
    timeline = node.command("timeline", order_id)
    assert "handed_over" in timeline
    assert order["erp_number"] in timeline


def test_a_customer_given_to_another_territory_changes_phones_with_all_that_follows(
    node: Node, erp: SampleErp, enrol: Enrol
) -> None:
    first, second = enrol(node, "R1"), enrol(node, "R2")
    first.sync()
    second.sync()
    orders = first.device.records("orders")
    moved = next(o["customer_id"] for o in orders)
    with_it = {o["id"] for o in orders if o["customer_id"] == moved}
    erp.run("move-customer", moved, "NW")
    second.sync_until(lambda: second.device.record("customers", moved), "the customer is on the second phone")
    first.sync_until(lambda: first.device.record("customers", moved) is None, "it is gone from the first")
    assert with_it <= {o["id"] for o in second.device.records("orders")}
    for name in ("orders", "receivables", "contacts"):
        assert [r for r in first.device.records(name) if r["customer_id"] == moved] == []
        assert all(second.device.record("customers", r["customer_id"]) for r in second.device.records(name))


def test_doctor_finds_nothing_wrong_with_a_working_node(node: Node) -> None:
    report = node.command("doctor")
    assert "wrong" not in report
    assert "flatfile" in report
