"""Fixtures: a folder, a photograph, and an upload that gets its pieces as from the endpoint."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.receipts import receipts, uploads
from backend.receipts.receipts import ReceiptFile
from backend.receipts.uploads import Added, UploadStatus
from tests.unit.receipts.checked import mark_checked

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class UploadFixture:
    """Each call is a transaction of its own."""

    sessions: Sessions
    folder: Path
    clock: ManualClock

    def create(self, data: bytes = JPEG, *, rep: str = "R1", claimed: str | None = None) -> UploadStatus:
        with self.sessions() as session, session.begin():
            return uploads.create(
                session,
                self.folder,
                rep=rep,
                sha256=claimed or sha256(data),
                size=len(data),
                name="lunch.jpg",
                now=self.clock.now(),
            )

    def add(self, id: str, offset: int, data: bytes, *, rep: str = "R1", commit: bool = True) -> Added:
        """Add a piece; without *commit* the server dies between the files and the rows."""
        with self.sessions() as session:
            added = uploads.add(
                session, self.folder, rep=rep, upload_id=id, offset=offset, data=data, now=self.clock.now()
            )
            if not commit:
                session.rollback()
                return added
            session.commit()
        if added.leftover:
            added.leftover.unlink(missing_ok=True)
        return added

    def offset(self, id: str, *, rep: str = "R1") -> int:
        with self.sessions() as session:
            return uploads.status(session, self.folder, rep=rep, upload_id=id, now=self.clock.now()).offset

    def upload(self, data: bytes = JPEG, *, rep: str = "R1") -> str:
        status = self.create(data, rep=rep)
        assert self.add(status.id, 0, data, rep=rep).completed == sha256(data)
        return status.id

    def missing(self, *needs: str, rep: str = "R1") -> list[str]:
        with self.sessions() as session:
            return receipts.missing(session, rep, needs)

    def check(self) -> None:
        mark_checked(self.sessions, self.folder)

    def file(self, digest: str) -> ReceiptFile:
        with self.sessions() as session:
            return receipts.original(session, self.folder, digest)

    def purge(self) -> int:
        with self.sessions() as session, session.begin():
            return uploads.purge(session, self.folder, self.clock.now())

    def lying_around(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "uploads").glob("*"))


@pytest.fixture
def upload(sessions: Sessions, tmp_path: Path, clock: ManualClock) -> UploadFixture:
    return UploadFixture(sessions, tmp_path / "folder", clock)
