"""A refused receipt is checked again when an operator says so, and only a refused one."""

import pytest

from backend.receipts.models import Receipt
from backend.receipts.rechecks import NotRefused, recheck
from tests.unit.receipts.conftest import JPEG, UploadFixture, sha256

DIGEST = sha256(JPEG)


def row_of(upload: UploadFixture) -> Receipt:
    with upload.sessions() as session:
        return session.get_one(Receipt, DIGEST)


def again(upload: UploadFixture, digest: str = DIGEST) -> None:
    with upload.sessions() as session, session.begin():
        recheck(session, digest)


def test_a_refused_receipt_has_all_its_tries_again(upload: UploadFixture) -> None:
    upload.upload()
    with upload.sessions() as session, session.begin():
        receipt = session.get_one(Receipt, DIGEST)
        receipt.state, receipt.refusal, receipt.check_tries = "refused", "too_costly", 3
        receipt.check_due_at = receipt.checked_at = upload.clock.now()
    again(upload)
    row = row_of(upload)
    assert (row.state, row.refusal, row.check_tries, row.check_due_at) == ("unchecked", None, 0, None)
    upload.check()
    assert upload.missing(f"sha256:{DIGEST}") == []
    with pytest.raises(NotRefused, match="is checked, not refused"):
        again(upload)


@pytest.mark.parametrize("digest", ["ab" * 32, "", "../keys", "\ud800"])
def test_what_is_no_receipt_is_not_checked(upload: UploadFixture, digest: str) -> None:
    with pytest.raises(NotRefused, match="no such receipt"):
        again(upload, digest)
