"""Unfinished uploads. The offset of an upload is in its row; if its file is shorter, the file's size counts.

No lock is held while bytes arrive: a piece is received completely, and then compared with the offset under
the row's lock. So a broken connection blocks nobody, and of two equal pieces the second gets a mismatch.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.receipts import files, receipts
from backend.receipts.media import SIGNATURE_BYTES, media_type
from backend.receipts.models import Upload

LIFE = dt.timedelta(days=14)
"""How long an upload may take. A rep may be without a network for days."""
MAX_OPEN = 200
"""Maximum number of unfinished uploads per rep."""


class UploadMissing(LookupError):
    """This rep has no such upload, or it has expired."""


class TooManyUploads(RuntimeError):
    """The rep has too many unfinished uploads."""


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
    session: Session, folder: Path, *, rep: str, sha256: str, size: int, name: str, now: dt.datetime
) -> UploadStatus:
    """Start an upload of *size* bytes; it is complete at once if *rep* has uploaded that receipt before.

    An upload by another rep makes no difference, so that nobody can find out what others have. Raises
    `TooManyUploads`.
    """
    unfinished = select(func.count()).where(
        Upload.rep == rep, Upload.expires_at > now, Upload.offset < Upload.size
    )
    if (session.scalar(unfinished) or 0) >= MAX_OPEN:
        raise TooManyUploads
    upload = Upload(
        id=str(ULID()),
        rep=rep,
        sha256=sha256,
        size=size,
        offset=size if receipts.holds(session, folder, rep=rep, sha256=sha256, size=size) else 0,
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
