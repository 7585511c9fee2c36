"""A refused receipt is checked again when an operator says so, and all old copies are made again."""

import datetime as dt
from pathlib import Path

import pytest

from backend.files import write_synced
from backend.receipts import files, originals, receipts
from backend.receipts.models import Receipt
from backend.receipts.rechecks import NotRefused, recheck, recheck_copies
from tests.unit.receipts.conftest import JPEG, UploadFixture, sha256
from tests.unit.receipts.test_checks import NAME, PHOTO, Checking, checking

__all__ = ["checking"]

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


def with_an_old_copy(checking: Checking) -> Path:
    """Upload a photograph, and give it the copy of a version that removed no metadata; return its file."""
    checking.upload.upload(PHOTO)
    checking.checks.run_due()
    copy = files.copy_path(checking.upload.folder, NAME)
    write_synced(copy, [PHOTO])
    with checking.upload.sessions() as session, session.begin():
        receipt = session.get_one(Receipt, NAME)
        receipt.copy_sha256, receipt.copy_size, receipt.copy_media_type = NAME, len(PHOTO), "image/jpeg"
    assert b"SECRET" in copy.read_bytes()
    return copy


def all_again(checking: Checking) -> int:
    checking.upload.clock.advance(seconds=60)
    with checking.upload.sessions() as session, session.begin():
        return recheck_copies(session, checking.upload.clock.now())


@pytest.mark.parametrize("original", ["kept", "deleted"])
def test_old_copies_are_made_again_without_metadata(checking: Checking, original: str) -> None:
    copy = with_an_old_copy(checking)
    if original == "deleted":
        with checking.upload.sessions() as session, session.begin():
            originals.delete_files(
                checking.upload.folder, originals.purge(session, 0, checking.upload.clock.now())
            )
    assert all_again(checking) == 1
    with pytest.raises(receipts.ReceiptUnchecked):
        checking.copy()
    assert checking.checks.run_due() == 1
    assert b"SECRET" not in copy.read_bytes()
    assert checking.copy().content_sha256 == sha256(copy.read_bytes())
    assert checking.needs() == receipts.Needs()


def test_new_receipts_come_before_old_copies_and_newer_copies_stay(checking: Checking) -> None:
    with_an_old_copy(checking)
    with checking.upload.sessions() as session, session.begin():
        assert recheck_copies(session, checking.upload.clock.now() - dt.timedelta(days=1)) == 0
    assert all_again(checking) == 1
    newer = JPEG[:200]
    checking.upload.upload(newer)
    assert checking.checks.run_due(stop=iter([False, True]).__next__) == 1
    assert checking.row().state == "unchecked"
    assert checking.checks.run_due() == 1
    assert checking.needs() == receipts.Needs()
