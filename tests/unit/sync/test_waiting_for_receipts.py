"""Documents that wait for receipts are looked at part by part, and each is decided about in its turn."""

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.receipts import receipts
from backend.receipts.models import Receipt, ReceiptState
from backend.sync import waiting_for_receipts
from backend.sync.waiting_for_receipts import requeue_complete
from tests.unit.sync.company import master_data, order_body, reps, submission
from tests.unit.sync.pushing import send, stored
from tests.unit.sync.replica import NOW

IDS = [f"01KBR9Z8Q5T000000000000{number:03}" for number in range(5)]
DIGESTS = [f"{number:064x}" for number in range(5)]


def round_of(sessions: Sessions, after: str) -> str:
    with sessions() as session, session.begin():
        return requeue_complete(session, NOW, after=after)


@pytest.mark.both_dialects
def test_each_round_looks_at_a_part_of_those_that_wait(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_for_receipts, "MAX_SCANNED", 2)
    reps(sessions)
    master_data(sessions)
    documents = [
        submission(id, order_body("C1"), needs=[f"sha256:{digest}"])
        for id, digest in zip(IDS, DIGESTS, strict=True)
    ]
    assert {result["state"] for result in send(sessions, *documents)} == {"received"}
    with sessions() as session, session.begin():
        for digest in DIGESTS[1:]:
            receipts.record(session, rep="R1", sha256=digest, size=1, media_type="image/png", now=NOW)
        session.flush()
        for receipt in session.scalars(select(Receipt)):
            receipt.state = ReceiptState.CHECKED.value
    states = []
    after = ""
    for _ in range(3):
        after = round_of(sessions, after)
        states.append([stored(sessions)[id] for id in IDS])
    assert states == [
        ["received", "queued", "received", "received", "received"],
        ["received", "queued", "queued", "queued", "received"],
        ["received", "queued", "queued", "queued", "queued"],
    ]
    assert after == "", "the next round begins again"
