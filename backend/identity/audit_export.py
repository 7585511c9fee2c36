"""Exports of the audit trail: a file of JSON lines that verifies without the database, or CSV for people.

The first line says which entry the file follows, the last one its head. Both files are readable by their owner.
"""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.database.core import execute_counted
from backend.files import sync_folder, write_synced
from backend.identity import audit, audit_chain
from backend.identity.audit_chain import SEALED, ChainBroken, Head
from backend.identity.models import AuditEntry
from backend.spreadsheet import neutralized

FORMAT = "satchel-audit-1"
COLUMNS = ("number", "at", "actor", "action", "subject", "detail", "hash")


@dataclass(frozen=True)
class Export:
    """A verified export: what it follows, its last entry, how many it has, and the sha256 of the file."""

    start: Head
    head: Head
    count: int
    sha256: str


def write(session: Session, path: Path, *, before: dt.datetime | None = None) -> Export:
    """Write the entries (only those older than *before*) to the new file *path*, and read it again.

    Raises `ChainBroken` if they do not verify, FileExistsError if there is such a file, and OSError.
    """
    if path.exists():
        raise FileExistsError(17, "the file exists", str(path))
    audit_chain.verify(session)
    start = audit_chain.start(session)
    end = audit_chain.newest(session).number if before is None else _last_before(session, before)
    write_synced(path, _lines(session, start, end), mode=0o600)
    sync_folder(path.parent)
    return read(path)


def write_csv(session: Session, path: Path) -> int:
    """Write all entries to the new CSV file *path*, harmless for a spreadsheet; return how many they are."""
    if path.exists():
        raise FileExistsError(17, "the file exists", str(path))
    count = 0

    def rows() -> Iterator[bytes]:
        nonlocal count
        yield _csv_row(COLUMNS)
        for entry in audit_chain.stored(session):
            count += 1
            yield _csv_row([_cell(value) for value in _as_json(entry).values()])

    write_synced(path, rows(), mode=0o600)
    sync_folder(path.parent)
    return count


def seal(session: Session, export: Export, *, actor: str, now: dt.datetime) -> None:
    """Let the entries of *export* leave the table: write an entry that names its last one.

    Commit it before `remove`.
    """
    audit.record(
        session, actor=actor, action=SEALED, subject=str(export.head.number), now=now,
        detail={"hash": export.head.hash, "entries": export.count, "sha256": export.sha256},
    )  # fmt: skip


def remove(session: Session) -> int:
    """Delete the entries that may leave the table; return how many they were."""
    last = audit_chain.sealed(session).number
    return execute_counted(session, delete(AuditEntry).where(AuditEntry.number <= last))


def read(path: Path) -> Export:
    """Verify the export *path*; raises `ChainBroken` if it is damaged or was changed, and OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with path.open("rb") as file:
        try:
            first = json.loads(next(file))
            if first["format"] != FORMAT:
                raise ValueError
            start = Head(*first["after"])
            last: dict[str, Any] = {}
            count, head = audit_chain.verify_entries(_parsed(file, last), start)
            if last.get("head") != list(head) or last.get("entries") != count:
                raise ChainBroken(f"{path} ends after entry {head.number}: its end is missing")
        except (ValueError, KeyError, TypeError, StopIteration):
            raise ChainBroken(f"{path} is not an export of the audit trail, or is damaged") from None
        except ChainBroken as error:
            raise ChainBroken(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    return Export(start, head, count, digest)


def _parsed(lines: Iterable[bytes], last: dict[str, Any]) -> Iterator[AuditEntry]:
    """Yield the entries in *lines*; the line after them is put into *last*."""
    for line in lines:
        row = json.loads(line)
        if "number" not in row:
            last.update(row)
            return
        yield AuditEntry(**{**row, "at": dt.datetime.fromisoformat(row["at"])})


def _lines(session: Session, start: Head, end: int) -> Iterator[bytes]:
    yield _line({"format": FORMAT, "after": start})
    count, head = 0, start
    for entry in audit_chain.stored(session, after=start.number):
        if entry.number > end:
            break
        count, head = count + 1, Head(entry.number, entry.hash)
        yield _line({**_as_json(entry), "at": entry.at.isoformat(timespec="microseconds")})
    yield _line({"entries": count, "head": head})


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _as_json(entry: AuditEntry) -> dict[str, Any]:
    return {**{name: getattr(entry, name) for name in COLUMNS}, "at": instant(entry.at)}


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    return neutralized(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _csv_row(cells: Iterable[str]) -> bytes:
    """Return one row: the file is written row by row, because the trail may be larger than memory."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


def _last_before(session: Session, before: dt.datetime) -> int:
    """Return the number of the last entry before the first one that is not older than *before*."""
    kept = session.scalar(select(func.min(AuditEntry.number)).where(AuditEntry.at >= before))
    return audit_chain.newest(session).number if kept is None else kept - 1
