"""Unfinished uploads. The offset of an upload is in its row; if its file is shorter, the file's size counts.

No lock is held while bytes arrive: a piece is received completely, and then compared with the offset under
the row's lock. So a broken connection blocks nobody, and of two equal pieces the second gets a mismatch.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.receipts import files, receipts
from backend.receipts.models import Receipt, ReceiptHolder, Upload
from sync_protocol.receipt_types import SIGNATURE_BYTES, media_type

LIFE = dt.timedelta(days=14)
"""How long an upload may take. A rep may be without a network for days."""
MAX_OPEN = 200
"""Maximum number of unfinished uploads per rep."""


class UploadMissing(LookupError):
    """This rep has no such upload, or it has expired."""


class TooManyUploads(RuntimeError):
    """The rep has too many unfinished uploads."""


class DayUsedUp(RuntimeError):
    """The rep has uploaded as much as a day allows; the message names the quota."""


@dataclass(frozen=True)
class Day:
    """The quota of one rep from *began* on: receipts, and their bytes; 0 means no limit."""

    began: dt.datetime
    receipts: int
    bytes: int


class OffsetMismatch(RuntimeError):
    """The upload has `offset` bytes, and the piece begins elsewhere."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload has {offset} bytes")
        self.offset = offset


class PieceTooLong(ValueError):
    """The piece ends after the announced size."""


@dataclass(frozen=True)
class UploadStatus:
    """How many bytes of an upload are stored (*offset* of *size*), and when it expires."""

    id: str
    offset: int
    size: int
    expires_at: dt.datetime


@dataclass(frozen=True)
class Added:
    """The result of adding a piece.

    Attributes:
        completed: The sha256 of the receipt if it is complete now, else None.
        refused: `digest` or `type` if the complete receipt was refused and the upload deleted, else None.
        leftover: A file to delete after the transaction is committed.
    """

    status: UploadStatus
    completed: str | None = None
    refused: str | None = None
    leftover: Path | None = None


def create(
    session: Session,
    folder: Path,
    *,
    rep: str,
    sha256: str,
    size: int,
    name: str,
    now: dt.datetime,
    day: Day | None = None,
) -> UploadStatus:
    """Start an upload of *size* bytes; it is complete at once if *rep* has uploaded that receipt before.

    The upload that stored it is returned then, if it has not expired, so that repeating it takes no room.
    An upload by another rep makes no difference; otherwise a rep could find out which receipts others have.
    Receipts of the day and unfinished uploads count towards the quota of *day* (None: there is none); a receipt
    that the rep has uploaded before does not. Raises `TooManyUploads`, `DayUsedUp`,
    and `ReceiptRefused` for a receipt that was checked and cannot be used.
    """
    used = session.execute(_used(rep, now, day.began if day else now)).one()
    unfinished, count, total = used
    if unfinished >= MAX_OPEN:
        raise TooManyUploads
    is_stored = receipts.holds(session, folder, rep=rep, sha256=sha256, size=size)
    if is_stored and (done := _finished(session, rep, sha256, size, now)) is not None:
        return UploadStatus(done.id, size, size, done.expires_at)
    if day is not None and not is_stored:
        _require_room(day, unfinished + count + 1, total + size)
    upload = Upload(
        id=str(ULID()),
        rep=rep,
        sha256=sha256,
        size=size,
        offset=size if is_stored else 0,
        media_type="",
        name=name,
        created_at=now,
        expires_at=now + LIFE,
    )
    session.add(upload)
    session.flush()
    return UploadStatus(upload.id, upload.offset, size, upload.expires_at)


def status(session: Session, folder: Path, *, rep: str, upload_id: str, now: dt.datetime) -> UploadStatus:
    """Return how far the upload has come, without waiting for a lock; raises `UploadMissing`."""
    return _status(folder, _find(session, rep, upload_id, now))


def add(
    session: Session, folder: Path, *, rep: str, upload_id: str, offset: int, data: bytes, now: dt.datetime
) -> Added:
    """Append *data* at *offset*. With the last byte the receipt is checked, stored and recorded.

    Raises `UploadMissing`, `OffsetMismatch` and `PieceTooLong`.
    """
    upload = _find(session, rep, upload_id, now, lock=True)
    before = _status(folder, upload)
    if before.offset != offset:
        raise OffsetMismatch(before.offset)
    if offset + len(data) > upload.size:
        raise PieceTooLong(f"the upload has {upload.size} bytes and this piece ends at {offset + len(data)}")
    path, receipt = files.upload_path(folder, upload.id), files.receipt_path(folder, upload.sha256)
    if upload.offset == upload.size and offset == upload.size:
        return Added(before, completed=upload.sha256)  # the last piece again, after a lost reply
    # A second name means that the server died after it stored the checked file and before the commit.
    if data and not files.is_stored(path, receipt):
        files.write_at(path, offset, data)
    upload.offset = offset + len(data)
    after = UploadStatus(upload.id, upload.offset, upload.size, upload.expires_at)
    if offset < SIGNATURE_BYTES <= after.offset or after.offset == upload.size:
        upload.media_type = media_type(files.start_of(path, SIGNATURE_BYTES)) or ""
        if not upload.media_type:
            return _refuse(session, upload, after, "type", path)
    if after.offset < upload.size:
        session.flush()
        return Added(after)
    if files.digest(path) != upload.sha256:
        return _refuse(session, upload, after, "digest", path)
    files.store(path, receipt)
    receipts.record(
        session, rep=rep, sha256=upload.sha256, size=upload.size, media_type=upload.media_type, now=now
    )
    session.flush()
    return Added(after, completed=upload.sha256, leftover=path)


def terminate(session: Session, folder: Path, *, rep: str, upload_id: str, now: dt.datetime) -> Path:
    """Delete an upload and return the file to delete after the commit. A complete receipt stays.

    Raises `UploadMissing`.
    """
    upload = _find(session, rep, upload_id, now, lock=True)
    session.delete(upload)
    session.flush()
    return files.upload_path(folder, upload.id)


def purge(session: Session, folder: Path, now: dt.datetime) -> int:
    """Delete expired uploads, and files that belong to no upload; return the number of uploads."""
    expired = session.scalars(
        select(Upload).where(Upload.expires_at <= now).with_for_update(skip_locked=True)
    ).all()
    for upload in expired:
        files.upload_path(folder, upload.id).unlink(missing_ok=True)
        session.delete(upload)
    session.flush()
    owned = set(session.scalars(select(Upload.id)))
    oldest = (now - LIFE).timestamp()
    for path in sorted((folder / "uploads").glob("*")):
        # A young file may belong to an upload that is being committed.
        if path.name not in owned and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
    return len(expired)


def _finished(session: Session, rep: str, sha256: str, size: int, now: dt.datetime) -> Upload | None:
    statement = select(Upload).where(Upload.rep == rep, Upload.sha256 == sha256, Upload.size == size)
    return session.scalars(statement.where(Upload.offset == size, Upload.expires_at > now).limit(1)).first()


def _used(rep: str, now: dt.datetime, began: dt.datetime) -> Select[int, int, int]:
    """Select what *rep* has used: unfinished uploads, receipts since *began*, and the bytes of both."""
    is_open = (Upload.rep == rep, Upload.expires_at > now, Upload.offset < Upload.size)
    is_of_today = (ReceiptHolder.rep == rep, ReceiptHolder.stored_at >= began)
    stored = select(func.sum(Receipt.size)).join(ReceiptHolder, ReceiptHolder.sha256 == Receipt.sha256)
    return select(
        select(func.count()).where(*is_open).scalar_subquery(),
        select(func.count()).where(*is_of_today).scalar_subquery(),
        func.coalesce(select(func.sum(Upload.size)).where(*is_open).scalar_subquery(), 0)
        + func.coalesce(stored.where(*is_of_today).scalar_subquery(), 0),
    )


def _require_room(day: Day, count: int, total: int) -> None:
    if day.receipts and count > day.receipts:
        raise DayUsedUp(f"{day.receipts} receipts")
    if day.bytes and total > day.bytes:
        raise DayUsedUp(f"{day.bytes} bytes of receipts")


def _find(session: Session, rep: str, upload_id: str, now: dt.datetime, *, lock: bool = False) -> Upload:
    statement = select(Upload).where(Upload.id == upload_id, Upload.rep == rep, Upload.expires_at > now)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    upload = session.scalars(statement).one_or_none()
    if upload is None:
        raise UploadMissing(upload_id)
    return upload


def _status(folder: Path, upload: Upload) -> UploadStatus:
    offset = upload.offset
    if offset < upload.size:
        offset = min(offset, files.size(files.upload_path(folder, upload.id)))
    return UploadStatus(upload.id, offset, upload.size, upload.expires_at)


def _refuse(session: Session, upload: Upload, after: UploadStatus, reason: str, path: Path) -> Added:
    session.delete(upload)
    session.flush()
    return Added(after, refused=reason, leftover=path)
