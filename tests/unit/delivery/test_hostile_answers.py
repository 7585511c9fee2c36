"""Garbage from an ERP costs one attempt and nothing else. Each connector has its own tests of it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.delivery.erp_response import NEXT_STATE
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
from sync_protocol.submission import State
from tests.unit.connectors.tryton.garbage_server import GarbageServer, http, reply
from tests.unit.connectors.tryton.test_client import WRITES, signed_in
from tests.unit.connectors.tryton.test_hostile import TOO_MUCH, TOO_SLOW
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.memory_erp import MemoryErp


@pytest.fixture
def garbage() -> Iterator[GarbageServer]:
    with GarbageServer() as server:
        yield server


class HttpErp(MemoryErp):
    """The recording ERP, but a document is created at a server, by the connector's own client."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.client = signed_in(url, timeout_seconds="0.5")

    def create(self, document: Document) -> ErpDocument:
        number = self.client.create("sale.sale", {"reference": document.id})
        return ErpDocument(str(number), None, "draft")


@pytest.mark.parametrize("name", ["200 MB", "a gigabyte of values", "headers that drip"])
def test_a_hostile_answer_costs_one_attempt_and_nothing_else(
    inbox: InboxFixture, garbage: GarbageServer, tmp_path: Path, name: str
) -> None:
    hurt, others = inbox.capture(customer="C1"), [inbox.capture(customer=f"C{n}") for n in (2, 3)]
    garbage.answers = [{**TOO_MUCH, **TOO_SLOW}[name], reply([7]), reply([8])]
    erp = HttpErp(tmp_path / "http", garbage.url)
    with closing(erp.client):
        inbox.forwarder(erp=erp).drain()
    assert inbox.states(hurt, *others) == ["unknown", "accepted", "accepted"]
    assert inbox.attempts(hurt) == [("find", "none"), ("create", "unknown")]
    assert inbox.row(hurt).tries == 1
    assert "Tryton" in (inbox.row(hurt).raw_reason or "")


@pytest.mark.parametrize("error_class", [ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE, ErrorClass.UNKNOWN])
def test_text_that_no_database_stores_costs_one_attempt(inbox: InboxFixture, error_class: ErrorClass) -> None:
    """A NUL stops PostgreSQL, half of a surrogate pair both databases."""
    words = "not\x00 \ud83d so"
    id = inbox.capture()

    def refuse(document: Document) -> ErpDocument:
        raise ErpError(error_class, words, raw=words, field=words, advice=words)

    inbox.erp.create = refuse
    inbox.forwarder().drain()
    [_, create] = inbox.attempts(id)
    assert create == ("create", error_class.value)
    assert inbox.states(id) == [NEXT_STATE[error_class].value]
    row = inbox.row(id)
    assert "not\\x00 \\ud83d so" in (row.raw_reason or "") and inbox.record(id)["reason"]


def test_an_outcome_with_text_that_no_database_stores_is_settled(inbox: InboxFixture) -> None:
    id = inbox.capture()

    def advance(document: Document, erp_document: ErpDocument) -> Outcome:
        fault = {"field": "\x00", "message": "\ud800"}
        return Outcome(State.REJECTED, "7\x00", "N\x00", "no\x00", raw="\ud800", errors=(fault,))

    inbox.erp.advance = advance
    inbox.forwarder().drain()
    assert inbox.states(id) == ["rejected"]
    assert inbox.record(id)["errors"] == [{"code": "field_invalid", "field": "", "message": "\\ud800"}]


def test_an_erp_that_answers_only_web_pages_is_not_called_for_a_while(
    inbox: InboxFixture, garbage: GarbageServer, tmp_path: Path
) -> None:
    """A proxy's login page before the ERP: three documents are in doubt, and the others wait in the queue."""
    ids = [inbox.capture(customer=f"C{n}") for n in range(6)]
    garbage.answers = [http(b"<html>Please log in</html>")] * 6
    erp = HttpErp(tmp_path / "http", garbage.url)
    with closing(erp.client):
        inbox.forwarder(erp=erp).drain()
    assert inbox.states(*ids) == ["unknown"] * 3 + ["queued"] * 3
    assert garbage.asked == [WRITES] * 3
