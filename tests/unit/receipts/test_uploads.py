"""Uploads: resumed at their offset, checked as a whole, and repaired after a crash at any point."""

import os

import pytest

from backend.receipts import files, uploads
from tests.unit.receipts.conftest import JPEG, UploadFixture, sha256

HALF = len(JPEG) // 2


def test_a_receipt_in_pieces_is_kept_whole(upload: UploadFixture) -> None:
    created = upload.create()
    assert upload.add(created.id, 0, JPEG[:HALF]).status.offset == HALF
    assert upload.offset(created.id) == HALF
    assert upload.add(created.id, HALF, JPEG[HALF:]).completed == sha256(JPEG)
    kept = upload.file(sha256(JPEG))
    with kept.open() as file:
        assert file.read() == JPEG
    assert (kept.media_type, kept.size, kept.name) == ("image/jpeg", len(JPEG), f"{sha256(JPEG)[:12]}.jpg")
    assert upload.lying_around() == []
    assert upload.offset(created.id) == len(JPEG)


def test_a_piece_at_another_offset_is_refused_and_changes_nothing(upload: UploadFixture) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:HALF])
    for offset in (0, HALF - 1, HALF + 1, len(JPEG)):
        with pytest.raises(uploads.OffsetMismatch) as refused:
            upload.add(created.id, offset, b"x")
        assert refused.value.offset == HALF
    assert upload.add(created.id, HALF, JPEG[HALF:]).completed


def test_the_last_piece_again_after_a_lost_reply_is_answered_the_same(upload: UploadFixture) -> None:
    id = upload.upload()
    assert upload.add(id, len(JPEG), b"").completed == sha256(JPEG)
    with pytest.raises(uploads.OffsetMismatch) as refused:
        upload.add(id, 0, JPEG)
    assert refused.value.offset == len(JPEG)


def test_more_bytes_than_announced_are_refused(upload: UploadFixture) -> None:
    created = upload.create()
    with pytest.raises(uploads.PieceTooLong):
        upload.add(created.id, 0, JPEG + b"x")
    assert upload.offset(created.id) == 0


def test_other_bytes_than_the_digest_names_are_discarded(upload: UploadFixture) -> None:
    created = upload.create(claimed=sha256(b"something else"))
    assert upload.add(created.id, 0, JPEG).refused == "digest"
    assert upload.lying_around() == []
    assert upload.missing(f"sha256:{sha256(JPEG)}") == [f"sha256:{sha256(JPEG)}"]
    with pytest.raises(uploads.UploadMissing):
        upload.offset(created.id)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 9,
        b"<html><script>alert(1)</script>" * 9,
        b"MZ" + b"\0" * 200,
        b"GIF89a" + b"\0" * 200,
        b"\0\0\0\x18ftypmp42" + b"\0" * 200,
        b"RIFF\0\0\0\0WAVE" + b"\0" * 200,
        b"\xff\xd8",
        b" %PDF-1.7" + b"\0" * 200,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_file_of_another_type_is_refused_at_its_first_bytes(upload: UploadFixture, data: bytes) -> None:
    created = upload.create(data)
    assert upload.add(created.id, 0, data[:20]).refused == "type"
    assert upload.lying_around() == []


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "image/png"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 50, "image/webp"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 50, "image/heic"),
        (b"%PDF-1.7\n" + b"\0" * 50, "application/pdf"),
    ],
)
def test_the_type_is_detected_from_the_bytes_in_pieces_of_any_size(
    upload: UploadFixture, data: bytes, media_type: str
) -> None:
    created = upload.create(data)
    for offset in range(len(data)):
        added = upload.add(created.id, offset, data[offset : offset + 1])
        assert added.refused is None
    assert upload.file(sha256(data)).media_type == media_type


def test_the_same_receipt_again_is_complete_at_once_for_its_holder_only(upload: UploadFixture) -> None:
    upload.upload()
    assert upload.create().offset == len(JPEG)
    foreign = upload.create(rep="R2")
    assert foreign.offset == 0
    need = f"sha256:{sha256(JPEG)}"
    assert (upload.missing(need), upload.missing(need, rep="R2")) == ([], [need])
    upload.add(foreign.id, 0, JPEG, rep="R2")
    assert upload.missing(need, rep="R2") == []


def test_an_announced_digest_with_another_size_is_not_complete_at_once(upload: UploadFixture) -> None:
    upload.upload()
    assert upload.create(JPEG + b"x", claimed=sha256(JPEG)).offset == 0


def test_an_upload_of_another_rep_is_not_found(upload: UploadFixture) -> None:
    created = upload.create()
    with pytest.raises(uploads.UploadMissing):
        upload.offset(created.id, rep="R2")
    with pytest.raises(uploads.UploadMissing):
        upload.add(created.id, 0, JPEG, rep="R2")


def test_a_crash_after_the_bytes_and_before_the_row_repeats_one_piece(upload: UploadFixture) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:100])
    upload.add(created.id, 100, JPEG[100:HALF], commit=False)
    assert files.size(files.upload_path(upload.folder, created.id)) == HALF
    assert upload.offset(created.id) == 100
    assert upload.add(created.id, 100, JPEG[100:]).completed


@pytest.mark.parametrize("rest", [1, 7, HALF])
def test_a_crash_after_the_receipt_was_kept_and_before_the_rows_heals(upload: UploadFixture, rest: int) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:-HALF])
    assert upload.add(created.id, len(JPEG) - HALF, JPEG[-HALF:], commit=False).completed
    kept = files.receipt_path(upload.folder, sha256(JPEG))
    assert kept.read_bytes() == JPEG
    assert upload.missing(f"sha256:{sha256(JPEG)}") != []
    offset = upload.offset(created.id)
    while offset < len(JPEG):
        added = upload.add(created.id, offset, JPEG[offset : offset + rest])
        assert kept.read_bytes() == JPEG, "a kept receipt was written to"
        offset = added.status.offset
    assert added.completed
    assert upload.missing(f"sha256:{sha256(JPEG)}") == []
    assert upload.lying_around() == []


def test_a_file_that_was_cut_short_is_sent_again_from_where_it_ends(upload: UploadFixture) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:HALF])
    os.truncate(files.upload_path(upload.folder, created.id), 10)
    assert upload.offset(created.id) == 10
    assert upload.add(created.id, 10, JPEG[10:]).completed


def test_a_file_that_is_longer_than_its_row_says_is_cut_back(upload: UploadFixture) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:100])
    with files.upload_path(upload.folder, created.id).open("ab") as file:
        file.write(b"garbage after a power cut" * len(JPEG))
    assert upload.offset(created.id) == 100
    assert upload.add(created.id, 100, JPEG[100:]).completed


def test_a_file_that_is_gone_is_sent_again_from_the_start(upload: UploadFixture) -> None:
    created = upload.create()
    upload.add(created.id, 0, JPEG[:HALF])
    files.upload_path(upload.folder, created.id).unlink()
    assert upload.offset(created.id) == 0
    assert upload.add(created.id, 0, JPEG).completed


def test_a_kept_receipt_whose_file_was_lost_or_cut_short_is_restored_by_a_new_upload(
    upload: UploadFixture,
) -> None:
    upload.upload()
    kept = files.receipt_path(upload.folder, sha256(JPEG))
    os.truncate(kept, 10)
    created = upload.create()
    assert created.offset == 0
    assert upload.add(created.id, 0, JPEG).completed
    assert kept.read_bytes() == JPEG
    assert list(kept.parent.iterdir()) == [kept]


def test_expired_uploads_and_their_files_are_deleted(upload: UploadFixture) -> None:
    old = upload.create()
    upload.add(old.id, 0, JPEG[:HALF])
    upload.clock.advance(days=13)
    young = upload.create(JPEG + b"x")
    upload.add(young.id, 0, JPEG[:HALF])
    upload.clock.advance(days=2)
    with pytest.raises(uploads.UploadMissing):
        upload.offset(old.id)
    assert upload.purge() == 1
    assert upload.lying_around() == [young.id]
    assert upload.purge() == 0


def test_old_orphan_files_are_deleted(upload: UploadFixture) -> None:
    folder = upload.folder / "uploads"
    folder.mkdir(parents=True)
    (folder / "orphan").write_bytes(b"x")
    (folder / "young").write_bytes(b"x")
    long_ago = upload.clock.now().timestamp() - 15 * 86_400
    os.utime(folder / "orphan", (long_ago, long_ago))
    os.utime(folder / "young", (upload.clock.now().timestamp(),) * 2)
    upload.purge()
    assert upload.lying_around() == ["young"]


def test_the_number_of_open_uploads_of_a_rep_is_limited(
    upload: UploadFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_OPEN", 2)
    first = upload.create()
    upload.create(JPEG + b"2")
    with pytest.raises(uploads.TooManyUploads):
        upload.create(JPEG + b"3")
    assert upload.create(rep="R2")
    upload.add(first.id, 0, JPEG)
    assert upload.create(JPEG + b"3")


def test_deleting_an_upload_keeps_a_complete_receipt(upload: UploadFixture) -> None:
    id = upload.upload()
    with upload.sessions() as session, session.begin():
        uploads.terminate(session, upload.folder, rep="R1", upload_id=id, now=upload.clock.now())
    with pytest.raises(uploads.UploadMissing):
        upload.offset(id)
    assert upload.file(sha256(JPEG)).size == len(JPEG)
