"""An ERP behind files acknowledges two orders with one number: the office settles it, whoever has it."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.forwarder import Forwarder
from backend.erp.records import ErpDocument
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode
from tests.unit.connectors.flatfile.conftest import small_company as small_company
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture, order_body
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.office.office_fixture import OfficeFixture

COLUMNS = ("key", "line_no", "status", "erp_id", "erp_number", "reason_code", "reason_text")
NUMBER = "SO-100001"
OWN = "SO-100002"


class FilesOffice(OfficeFixture):
    """An office whose ERP is behind files."""

    def __init__(self, inbox: InboxFixture, files: FlatFileFixture, connector: FlatFileConnector) -> None:
        super().__init__(inbox)
        self.files, self.connector = files, connector

    @property
    def service(self) -> OfficeService:
        inbox = self.inbox
        return OfficeService(inbox.sessions, inbox.clock, inbox.settings, self.files.connect)

    def forward(self) -> None:
        inbox = self.inbox
        Forwarder(
            inbox.sessions, self.connector, clock=inbox.clock, settings=inbox.settings, worker="w1",
            receipts_of=lambda session, submission: (),
        ).drain()  # fmt: skip

    def acknowledge(self, id: str, document: ErpDocument) -> None:
        """Let the ERP answer *id* with the number of *document*, and settle the answer."""
        out = io.StringIO(newline="")
        rows = [(id, line, "ok", document.external_id, document.number, "", "") for line in ("1", "2")]
        csv.writer(out).writerows([COLUMNS, *rows])
        path: Path = self.files.folder / "acks" / f"ACK_ORDER_{id}.csv"
        path.write_text(out.getvalue(), newline="")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest = {"generated_at": "2026-11-23T10:00:00Z", "rows": 2, "sha256": sha256}
        path.with_suffix(".manifest.json").write_text(json.dumps(manifest))
        Acknowledger(self.inbox.sessions, self.connector, self.inbox.clock).settle_all()

    def document(self, number: str) -> ErpDocument:
        """Return the document that the ERP exports under *number*."""
        [document] = self.connector.find_by_number("order", number)
        return document


@pytest.fixture
def office(inbox: InboxFixture, small_company: Path, tmp_path: Path) -> Iterator[FilesOffice]:
    files = FlatFileFixture(small_company, tmp_path / "files")
    with closing(files.connect()) as connector:
        yield FilesOffice(inbox, files, connector)


@pytest.fixture
def ids(office: FilesOffice) -> list[str]:
    """Two orders that the ERP has acknowledged with one number."""
    ids = [office.inbox.capture(order_body(customer_id=f"C{n:04}", ship_to_id=f"C{n:04}-A1")) for n in (1, 2)]
    office.forward()
    assert office.inbox.states(*ids) == ["handed_over"] * 2
    for id in ids:
        office.acknowledge(id, office.document(NUMBER))
    office.inbox.later(days=1)
    return ids


def test_the_second_one_is_parked_and_its_acknowledgement_is_settled(
    office: FilesOffice, ids: list[str]
) -> None:
    first, second = (office.inbox.row(id) for id in ids)
    assert (first.state, first.erp_number) == ("accepted", NUMBER)
    assert (second.state, second.error_class, second.erp_number) == ("parked", "number_conflict", None)
    assert ids[0] in (second.raw_reason or "")
    assert list((office.files.folder / "acks").iterdir()) == []


def test_the_right_acknowledgement_settles_it(office: FilesOffice, ids: list[str]) -> None:
    office.acknowledge(ids[1], office.document(OWN))
    row = office.inbox.row(ids[1])
    assert (row.state, row.erp_number, row.error_class) == ("accepted", OWN, None)


def test_it_is_linked_to_its_own_number(office: FilesOffice, ids: list[str]) -> None:
    office.act("link", ids[1], number=OWN, force=True, why="the ERP's list says so")
    assert office.inbox.row(ids[1]).erp_number == OWN


def test_the_number_is_given_to_the_second_one(office: FilesOffice, ids: list[str]) -> None:
    first, second = ids
    refusal = office.refused(ErrorCode.LINKED_ELSEWHERE, "link", second, number=NUMBER, force=True, why="mine")
    assert refusal.message == f"{NUMBER} is document {first}"
    office.act("unlink", first, force=True, why="it is the second one's")
    office.act("link", second, number=NUMBER, force=True, why="the customer has confirmed it")
    assert office.inbox.states(first, second) == ["parked", "accepted"]
    office.act("retry", first)
    office.forward()
    assert (office.inbox.row(first).state, office.inbox.row(first).error_class) == ("parked", "number_conflict")
    office.inbox.later(days=1)
    office.refused(ErrorCode.MAY_BE_IN_ERP, "cancel", first, why="it was never entered")
    office.act("cancel", first, force=True, why="it was never entered")
    assert office.inbox.states(first, second) == ["cancelled", "accepted"]


@pytest.mark.parametrize("action", ["cancel", "return"])
def test_it_is_given_up_with_force_and_the_reason(office: FilesOffice, ids: list[str], action: str) -> None:
    office.refused(ErrorCode.MAY_BE_IN_ERP, action, ids[1], why="entered twice")
    office.act(action, ids[1], why="entered twice", force=True)
    assert office.inbox.states(*ids) == ["accepted", {"cancel": "cancelled", "return": "rejected"}[action]]
