"""Stored receipts: who has uploaded which, and their files."""

import pytest

from backend.receipts import files, receipts
from tests.unit.receipts.conftest import JPEG, UploadFixture, sha256


def test_what_is_missing_is_told_in_order_and_once(upload: UploadFixture) -> None:
    upload.upload()
    here, other, third = f"sha256:{sha256(JPEG)}", "sha256:" + "b" * 64, "sha256:" + "a" * 64
    assert upload.missing(other, here, third, other) == [other, third]
    assert upload.missing() == []


def test_a_receipt_is_found_by_its_reference_and_by_its_digest(upload: UploadFixture) -> None:
    upload.upload()
    assert upload.file(sha256(JPEG)).size == upload.file(f"sha256:{sha256(JPEG)}").size == len(JPEG)


def test_a_receipt_that_is_not_there_is_an_error(upload: UploadFixture) -> None:
    with pytest.raises(receipts.ReceiptMissing, match="no receipt"):
        upload.file("a" * 64)


@pytest.mark.parametrize("size", [0, 5])
def test_a_receipt_whose_file_is_not_whole_is_an_error_that_says_so(upload: UploadFixture, size: int) -> None:
    upload.upload()
    files.receipt_path(upload.folder, sha256(JPEG)).write_bytes(b"x" * size)
    with pytest.raises(receipts.ReceiptMissing, match=f"{size} bytes instead of {len(JPEG)}"):
        upload.file(sha256(JPEG))


def test_receipts_lie_where_only_their_digest_leads(upload: UploadFixture) -> None:
    upload.upload()
    digest = sha256(JPEG)
    assert (upload.folder / "receipts" / digest[:2] / digest).stat().st_mode & 0o777 == 0o600
