"""A worker checks receipts: each gets a result, a decoder that fails is tried again, and nothing is a 500."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.receipts import checks, files, originals, receipts
from backend.receipts.checking.process import CheckFailed, CheckResult
from backend.receipts.checks import MAX_TRIES, PAUSE, ReceiptChecks
from backend.receipts.models import Receipt
from tests.unit.receipts import pictures
from tests.unit.receipts.conftest import UploadFixture, sha256

PHOTO = pictures.with_metadata()
NAME = sha256(PHOTO)
REF = f"sha256:{NAME}"


class Checking:
    """The checks of one upload folder, and the reps that they told."""

    def __init__(self, upload: UploadFixture) -> None:
        self.upload, self.told = upload, list[tuple[str, str]]()
        self.checks = ReceiptChecks(upload.sessions, upload.folder, upload.clock, self._tell)

    def _tell(self, session: Session, rep: str, digest: str, now: dt.datetime) -> None:
        self.told.append((rep, digest))

    def needs(self, rep: str = "R1") -> receipts.Needs:
        with self.upload.sessions() as session:
            return receipts.unusable(session, rep, [REF])

    def row(self) -> Receipt:
        with self.upload.sessions() as session:
            return session.get_one(Receipt, NAME)

    def copy(self) -> receipts.ReceiptFile:
        with self.upload.sessions() as session:
            return receipts.file(session, self.upload.folder, REF)


@pytest.fixture
def checking(upload: UploadFixture) -> Checking:
    return Checking(upload)


def deciding(monkeypatch: pytest.MonkeyPatch, decide: Callable[[], CheckResult]) -> None:
    monkeypatch.setattr(checks, "inspect", lambda *given, **more: decide())


def test_a_checked_receipt_is_forwarded_as_a_copy_under_the_name_of_the_original(checking: Checking) -> None:
    checking.upload.upload(PHOTO)
    checking.upload.upload(PHOTO, rep="R2")
    assert checking.needs() == receipts.Needs(unchecked=[REF])
    with pytest.raises(receipts.ReceiptUnchecked):
        checking.copy()
    assert checking.checks.run_due() == 1
    assert checking.needs() == checking.needs("R2") == receipts.Needs()
    assert checking.told == [("R1", NAME), ("R2", NAME)]
    copy = checking.copy()
    with copy.open() as file:
        content = file.read()
    assert (copy.sha256, copy.name) == (NAME, f"{NAME[:12]}.jpg")
    assert (copy.content_sha256, copy.size) == (sha256(content), len(content))
    assert b"SECRET" not in content
    assert checking.upload.file(NAME).size == len(PHOTO)
    assert checking.checks.run_due() == 0


def test_a_refused_receipt_says_why_and_is_not_accepted_again(checking: Checking) -> None:
    global_name = sha256(PHOTO[:100])
    checking.upload.upload(PHOTO[:100])
    assert checking.checks.run_due() == 1
    with checking.upload.sessions() as session:
        refused = receipts.unusable(session, "R1", [f"sha256:{global_name}"]).refused
    assert "photograph the receipt again" in refused[f"sha256:{global_name}"]
    with pytest.raises(receipts.ReceiptRefused, match="damaged"):
        checking.upload.create(PHOTO[:100])
    assert checking.upload.create(PHOTO[:100], rep="R2").offset == 0


def test_a_decoder_that_dies_is_tried_again_and_then_the_receipt_is_refused(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> CheckResult:
        raise CheckFailed("the process ended with -11")

    deciding(monkeypatch, die)
    checking.upload.upload(PHOTO)
    for done in range(1, MAX_TRIES + 1):
        assert checking.row().check_tries == done - 1
        assert checking.checks.run_due() == (1 if done == MAX_TRIES else 0)
        assert checking.checks.run_due() == 0
        checking.upload.clock.advance(seconds=PAUSE.total_seconds())
    assert "limits" in checking.needs().refused[REF]
    assert checking.told == [("R1", NAME)]


def test_of_two_workers_one_checks_a_receipt(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Checking(checking.upload)
    checked_by_other: list[int] = []

    def meanwhile() -> CheckResult:
        checked_by_other.append(other.checks.run_due())
        raise CheckFailed("stopped")

    deciding(monkeypatch, meanwhile)
    checking.upload.upload(PHOTO)
    checking.checks.run_due()
    assert checked_by_other == [0]


def test_a_receipt_whose_file_is_gone_waits_and_is_not_refused(checking: Checking) -> None:
    checking.upload.upload(PHOTO)
    files.receipt_path(checking.upload.folder, NAME).unlink()
    for _ in range(MAX_TRIES + 1):
        assert checking.checks.run_due() == 0
        checking.upload.clock.advance(seconds=PAUSE.total_seconds())
    assert checking.needs() == receipts.Needs(unchecked=[REF])


def drafts(folder: Path) -> list[Any]:
    return list((folder / "copies").rglob(".*"))


def test_no_draft_is_left_behind(checking: Checking) -> None:
    checking.upload.upload(PHOTO)
    checking.upload.upload(PHOTO[:100])
    checking.checks.run_due()
    assert drafts(checking.upload.folder) == []


@pytest.mark.parametrize(("days", "kept"), [(None, True), (31, True), (30, False)])
def test_originals_are_kept_as_the_setting_says_and_copies_always(
    checking: Checking, days: int | None, kept: bool
) -> None:
    checking.upload.upload(PHOTO)
    checking.checks.run_due()
    checking.upload.clock.advance(seconds=30 * 86_400)
    with checking.upload.sessions() as session, session.begin():
        deleted = originals.purge(session, days, checking.upload.clock.now())
    originals.delete_files(checking.upload.folder, deleted)
    assert files.receipt_path(checking.upload.folder, NAME).exists() == kept
    with checking.copy().open() as file:
        assert file.read()
    assert checking.upload.create(PHOTO).offset == len(PHOTO)
    if not kept:
        with pytest.raises(receipts.ReceiptMissing, match="was deleted"):
            checking.upload.file(NAME)


def test_the_reps_take_turns_and_a_second_try_comes_last(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One rep's receipts each take the longest time that a check may; another rep sends one after them.
    upload, order = checking.upload, list[str]()
    costly = [PHOTO + bytes([n]) for n in range(3)]
    for data in costly:
        upload.upload(data)
        upload.clock.advance(seconds=1)
    upload.upload(PHOTO, rep="R2")

    def fail(original: Path, kind: str, copy: Path) -> CheckResult:
        order.append(original.name)
        raise CheckFailed("it took too long")

    monkeypatch.setattr(checks, "inspect", fail)
    checking.checks.run_due()
    first, second, third = map(sha256, costly)
    assert order == [first, NAME, second, third]
    # After the pause a new receipt of the same rep comes before the second try of the others.
    order.clear()
    upload.clock.advance(minutes=5)
    upload.upload(PHOTO + b"new")
    checking.checks.run_due()
    assert order.index(sha256(PHOTO + b"new")) < order.index(first)
