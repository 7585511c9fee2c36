"""Stored receipts: who has uploaded which, and their files."""

import pytest

from backend.receipts import files, receipts
from tests.unit.receipts.conftest import JPEG, UploadFixture, sha256


def test_missing_receipts_are_listed_once_in_order(upload: UploadFixture) -> None:
    upload.upload()
    stored, other, third = f"sha256:{sha256(JPEG)}", "sha256:" + "b" * 64, "sha256:" + "a" * 64
    assert upload.missing(other, stored, third, other) == [other, third]
    assert upload.missing() == []


def test_a_receipt_is_found_by_its_reference_and_by_its_digest(upload: UploadFixture) -> None:
    upload.upload()
    assert upload.file(sha256(JPEG)).size == upload.file(f"sha256:{sha256(JPEG)}").size == len(JPEG)


def test_an_unknown_receipt_is_an_error(upload: UploadFixture) -> None:
    with pytest.raises(receipts.ReceiptMissing, match="no receipt"):
        upload.file("a" * 64)


@pytest.mark.parametrize("size", [0, 5])
def test_an_incomplete_receipt_file_is_an_error(upload: UploadFixture, size: int) -> None:
    upload.upload()
    files.receipt_path(upload.folder, sha256(JPEG)).write_bytes(b"x" * size)
    with pytest.raises(receipts.ReceiptMissing, match=f"{size} bytes instead of {len(JPEG)}"):
        upload.file(sha256(JPEG))


def test_the_path_of_a_receipt_is_its_digest(upload: UploadFixture) -> None:
    upload.upload()
    digest = sha256(JPEG)
    assert (upload.folder / "receipts" / digest[:2] / digest).stat().st_mode & 0o777 == 0o600
