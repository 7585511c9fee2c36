"""Garbage, or worse, from an ERP: it costs one attempt and nothing else. How each is told: tests/connectors."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.erp.records import Document, Found
from tests.connectors.garbage import GarbageServer, http, reply
from tests.connectors.test_tryton_client import WRITES, client
from tests.connectors.test_tryton_hostile import TOO_MUCH, TOO_SLOW
from tests.delivery.desk import Desk
from tests.delivery.memory_erp import MemoryErp


@pytest.fixture
def garbage() -> Iterator[GarbageServer]:
    with GarbageServer() as server:
        yield server


class HttpErp(MemoryErp):
    """The ledger, but a document is created at a server, by the connector's own client."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.client = client(url, timeout_seconds="0.5")

    def create(self, document: Document) -> Found:
        number = self.client.create("sale.sale", {"reference": document.id})
        return Found(str(number), None, "draft")


@pytest.mark.parametrize("name", ["200 MB", "a gigabyte of values", "headers that drip"])
def test_a_hostile_answer_costs_one_attempt_and_nothing_else(
    desk: Desk, garbage: GarbageServer, tmp_path: Path, name: str
) -> None:
    hurt, others = desk.capture(customer="C1"), [desk.capture(customer=f"C{n}") for n in (2, 3)]
    garbage.answers = [{**TOO_MUCH, **TOO_SLOW}[name], reply([7]), reply([8])]
    erp = HttpErp(tmp_path / "http", garbage.url)
    with closing(erp.client):
        desk.forwarder(erp=erp).drain()
    assert desk.states(hurt, *others) == ["unknown", "accepted", "accepted"]
    assert desk.attempts(hurt) == [("find", "none"), ("create", "unknown")]
    assert desk.row(hurt).tries == 1
    assert "Tryton" in desk.record(hurt)["reason"]


def test_an_erp_whose_every_answer_is_a_web_page_is_left_alone(
    desk: Desk, garbage: GarbageServer, tmp_path: Path
) -> None:
    """A proxy's login page before the ERP: three documents are in doubt, and the others wait in the queue."""
    ids = [desk.capture(customer=f"C{n}") for n in range(6)]
    garbage.answers = [http(b"<html>Please log in</html>")] * 6
    erp = HttpErp(tmp_path / "http", garbage.url)
    with closing(erp.client):
        desk.forwarder(erp=erp).drain()
    assert desk.states(*ids) == ["unknown"] * 3 + ["queued"] * 3
    assert garbage.asked == [WRITES] * 3
