"""Import the documents that a wiped device exported, as if the device had pushed them.

The device writes them to a zip file when it is revoked (docs/device.md, Revocation). Each document keeps its
id, so an import that is repeated, or a document that arrived after all, changes nothing.
"""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.clock import Clock
from backend.database.core import Sessions
from backend.identity import names
from backend.receipts import uploads
from backend.receipts.receipts import ReceiptRefused
from backend.sync.push import PushTooLarge, push
from backend.sync.waiting_for_receipts import receipts_arrived
from sync_protocol.fields import Key
from sync_protocol.limits import LIMITS
from sync_protocol.push import ResultJson
from sync_protocol.strict_json import NotStrictJson, decode

_RECEIPTS = "receipts/"
_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What zipfile raises for a damaged, unknown or encrypted file."""
MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024
"""Size of `documents.json` that is read; a rep's phone holds some hundred documents."""


MAX_RECEIPTS = 1_000
MAX_RECEIPT_BYTES = 2 * 1024 * 1024 * 1024
"""All receipts of an export together, unpacked."""
MAX_VALUES = 4_000_000
"""Values and names in `documents.json`."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How a device packs. `zipfile` unpacks the others as a whole: 600 bytes of bzip2 become a gigabyte."""


class ExportInvalid(ValueError):
    """The file is not an export of a device; the message is a sentence without its full stop."""


@dataclass(frozen=True)
class Export:
    """The ids of rep and device, the documents as they would have been pushed, and the receipts."""

    rep: str
    device: str
    documents: list[Any]
    path: Path
    receipts: tuple[str, ...]
    """The names of the receipts in the zip file *path*. Only their bytes count, never their names."""


@dataclass(frozen=True)
class Imported:
    """The results, one per document (`ResultSchema`), and the sentences about receipts that were refused."""

    results: list[ResultJson]
    receipts: int
    """The number of receipts that are stored."""
    refused_receipts: list[str]


def read_export(path: Path) -> Export:
    """Read the zip file *path*; nothing is unpacked to disk. Raises `ExportInvalid`."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = _json(archive, "about.json", 10_000)
            documents = _json(archive, "documents.json", MAX_DOCUMENTS_BYTES)
            receipts = tuple(name for name in archive.namelist() if name.startswith(_RECEIPTS))
            _require_bounded(archive, path, receipts)
            for name in receipts:
                _bytes(archive, name, LIMITS.receipt_bytes)
    except _UNREADABLE as error:
        raise ExportInvalid(f"{path} is not a zip file that can be read: {error}") from None
    if not isinstance(about, dict) or not _is_name(about.get("rep")):
        raise ExportInvalid(f"{path} does not say whose documents it holds")
    if not isinstance(documents, list):
        raise ExportInvalid(f"documents.json in {path} is not a list")
    device = about.get("device")
    return Export(
        rep=about["rep"],
        device=device if isinstance(device, str) and Key.pattern.fullmatch(device) else "import",
        documents=documents,
        path=path,
        receipts=receipts,
    )


def import_export(sessions: Sessions, folder: Path, export: Export, clock: Clock) -> Imported:
    """Store the documents and receipts of *export*; each batch and each receipt is a transaction of its own."""
    results: list[ResultJson] = []
    size = LIMITS.push_submissions
    for start in range(0, len(export.documents), size):
        results += _push(sessions, export, export.documents[start : start + size], clock)
    refusals: list[str] = []
    with zipfile.ZipFile(export.path) as archive:
        for name in export.receipts:
            data = _bytes(archive, name, LIMITS.receipt_bytes)
            refusal = _import_receipt(sessions, folder, export.rep, data, clock)
            if refusal:
                refusals.append(refusal)
    return Imported(results, len(export.receipts) - len(refusals), refusals)


def _push(sessions: Sessions, export: Export, documents: list[Any], clock: Clock) -> list[ResultJson]:
    """Store *documents* of *export* in one transaction; in halves if they change too many records for one."""
    try:
        with sessions() as session, session.begin():
            return push(
                session,
                rep_id=export.rep,
                device_id=export.device,
                submissions=documents,
                now=clock.now(),
            )
    except PushTooLarge:
        middle = len(documents) // 2
        first = _push(sessions, export, documents[:middle], clock)
        return first + _push(sessions, export, documents[middle:], clock)


def _import_receipt(sessions: Sessions, folder: Path, rep: str, data: bytes, clock: Clock) -> str | None:
    """Store a receipt as an upload of one piece; return why it was refused, or None."""
    now, sha256 = clock.now(), hashlib.sha256(data).hexdigest()
    short = sha256[:12]
    try:
        with sessions() as session, session.begin():
            upload = uploads.create(
                session, folder, rep=rep, sha256=sha256, size=len(data), name=short, now=now
            )
            if upload.offset == len(data):
                return None
            added = uploads.add(session, folder, rep=rep, upload_id=upload.id, offset=0, data=data, now=now)
            if added.completed is not None:
                receipts_arrived(session, rep_id=rep, sha256=added.completed, now=now)
    except ReceiptRefused as error:
        return f"receipt {short} cannot be used: {error}"
    except uploads.TooManyUploads:
        return (
            f"receipt {short} is not stored: rep {rep} has too many unfinished uploads; repeat it in two weeks"
        )
    if added.leftover is not None:
        added.leftover.unlink(missing_ok=True)
    return f"receipt {short} is not a JPEG, PNG, HEIC, WebP or PDF" if added.refused else None


def _is_name(value: Any) -> bool:
    """Say whether *value* can be looked for in a database and shown on a terminal."""
    return isinstance(value, str) and names.is_storable(value) and value.isprintable()


def _json(archive: zipfile.ZipFile, name: str, most: int) -> Any:
    try:
        return decode(_bytes(archive, name, most), values=MAX_VALUES)
    except NotStrictJson as error:
        raise ExportInvalid(f"{name} is not JSON: {str(error).rstrip('.')}") from None


def _require_bounded(archive: zipfile.ZipFile, path: Path, names: tuple[str, ...]) -> None:
    """Raise `ExportInvalid` unless the receipts *names* are as few, as small and as different as a phone's."""
    size = sum(archive.getinfo(name).file_size for name in names)
    if len(names) > MAX_RECEIPTS or size > MAX_RECEIPT_BYTES:
        raise ExportInvalid(
            f"{path} holds {len(names)} receipts of {size:,} bytes; a device exports at most "
            f"{MAX_RECEIPTS} of {MAX_RECEIPT_BYTES:,} bytes"
        )
    # Entries of a zip file may share their bytes, so that a small file unpacks to petabytes.
    if len({archive.getinfo(name).header_offset for name in names}) < len(set(names)) or len(set(names)) < len(
        names
    ):
        raise ExportInvalid(f"{path} holds the same receipt twice; it is not the export of a device")


def _bytes(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return the bytes of *name*; raises `ExportInvalid` if it is missing or larger than *most* bytes."""
    try:
        if archive.getinfo(name).compress_type not in PACKINGS:
            raise ExportInvalid(f"{name} is packed as no device packs it")
        with archive.open(name) as file:
            data = file.read(most + 1)
    except KeyError:
        raise ExportInvalid(f"the file has no {name}; it is not the export of a device") from None
    if len(data) > most:
        raise ExportInvalid(f"{name} is larger than {most:,} bytes")
    return data
