"""The receipts of an expense claim go with it, byte for byte."""

import hashlib

from backend.receipts import files
from backend.receipts.models import Receipt
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.receipts.checked import mark_checked

CLAIM = {
    "purpose": "visit",
    "customer_id": "C1",
    "currency": "EUR",
    "lines": [
        {"line_no": 1, "date": "2026-11-20", "category_id": "K1", "description": "train", "amount": "12.50"}
    ],
}


def stored(inbox: InboxFixture, content: bytes) -> str:
    """Put a receipt on the server; return how a document cites it."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = files.receipt_path(inbox.settings.folder, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with inbox.sessions() as session, session.begin():
        session.add(
            Receipt(sha256=sha256, size=len(content), media_type="application/pdf", stored_at=inbox.clock.now())
        )
    mark_checked(inbox.sessions, inbox.settings.folder)
    return f"sha256:{sha256}"


def test_a_claim_reaches_the_erp_with_its_receipts(inbox: InboxFixture) -> None:
    needs = [stored(inbox, b"one ticket"), stored(inbox, b"one meal")]
    id = inbox.capture(CLAIM, kind="expense_claim", needs=needs)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.executed[0]["receipts"] == ["one ticket", "one meal"]
    assert inbox.erp.executed[0]["rep"] == "R1"


def test_a_claim_whose_receipt_was_lost_on_the_server_goes_to_the_office(inbox: InboxFixture) -> None:
    need = stored(inbox, b"one ticket")
    files.copy_path(inbox.settings.folder, need.removeprefix("sha256:")).unlink()
    id = inbox.capture(CLAIM, kind="expense_claim", needs=[need])
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner) == ("parked", "office")
    assert row.reason and row.reason.startswith("One of its receipts is missing on the server")
    assert inbox.erp.created(id) == 0
