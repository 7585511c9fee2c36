"""Revocation: delete everything on the device, but never the only copy of a document.

Documents that the server does not have yet are written to a file first. Then rows, tokens, receipts, partly
downloaded segments and the key are deleted.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.session import keys, wipe_confirmation
from sync_protocol.device.session.session import identity
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.durable_file import durable_file, sync_folder
from sync_protocol.device.store.partfile import PartFolder
from sync_protocol.device.store.receipts import ReceiptFolder
from sync_protocol.external_name import NameRefused, file_in


@dataclass(frozen=True)
class Export:
    """A file with what had not been sent, and the number of documents and receipts in it."""

    path: Path
    count: int


def export_unsent(db: Database, files: ReceiptFolder, folder: Path) -> Export | None:
    """Write documents that the server may not have, and receipts not uploaded, to a zip file in *folder*.

    Return None if the server has everything. `documents.json` holds the submissions as they would
    have been pushed, `receipts/` the files by sha256, `about.json` the ids of rep and device.
    `satchel import-unsent` of the server reads it.
    """
    unsent = db.rows(
        "SELECT id, frozen FROM document WHERE NOT dismissed AND (due OR mark IS NOT NULL) ORDER BY seq"
    )
    receipts = db.rows(
        "SELECT DISTINCT f.sha256 FROM receipt f JOIN document_receipt n USING (sha256)"
        " JOIN document d ON d.id = n.document WHERE NOT f.uploaded AND NOT d.dismissed"
    )
    if not unsent and not receipts:
        return None
    enrolled = identity(db)
    try:
        target = file_in(folder, f"unsent-{enrolled.device_id if enrolled else 'device'}.zip")
    except NameRefused:  # the id is the server's, and nothing may keep the documents from being saved
        target = file_in(folder, "unsent-device.zip")
    with durable_file(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("documents.json", b"[" + b",\n".join(bytes(row["frozen"]) for row in unsent) + b"]")
        about = (
            {"rep": enrolled.rep, "device": enrolled.device_id} if enrolled else {"rep": None, "device": None}
        )
        archive.writestr("about.json", json.dumps(about))
        for row in receipts:
            path = files.path(row["sha256"])
            if path.exists():
                archive.write(path, f"receipts/{row['sha256']}")
    sync_folder(folder)
    return Export(target, len(unsent) + len(receipts))


def wipe(
    db: Database,
    files: ReceiptFolder,
    parts: PartFolder,
    folder: Path,
    wipe_order: str | None,
    http: httpx.BaseTransport | None,
) -> Path | None:
    """Export unsent documents, then delete everything; return the export's path, or None if nothing was unsent.

    If the process is killed before the rows are deleted, the server's answer to the next request starts it from
    the beginning; if after that, the next start of the device calls `finish`. *wipe_order* is what confirms the
    wipe to the server; *http* replaces the network in tests.
    """
    export = export_unsent(db, files, folder)
    failpoint("wipe.after_export")
    wipe_confirmation.write(db, folder, wipe_order, exported=export.count if export else 0)
    failpoint("wipe.before_rows")
    with db.writing():
        db.run("DELETE FROM document_receipt")
        db.run("DELETE FROM document")
        db.run("DELETE FROM receipt")
        db.run("DELETE FROM record")
        db.run("DELETE FROM session")
        replica.reset(db)
        db.run(
            "UPDATE sync_state SET restart = 0, server_time = NULL, poll_after = NULL, synced_at = NULL,"
            " verified_at = NULL, rehashed_at = NULL, refetched_at = NULL"
        )
    failpoint("wipe.after_rows")
    finish(db, files, parts, folder)
    wipe_confirmation.send(db, folder, http)
    return export.path if export else None


def finish_interrupted(db: Database, files: ReceiptFolder, parts: PartFolder, folder: Path) -> None:
    """Finish a wipe after whose rows the process was killed, if there is one."""
    if wipe_confirmation.pending(db, folder) is not None:
        finish(db, files, parts, folder)


def finish(db: Database, files: ReceiptFolder, parts: PartFolder, folder: Path) -> None:
    """Delete what a wipe deletes after the rows: keys, files, and what is left in the database's file."""
    keys.delete_keys(folder)
    files.sweep(db)
    parts.sweep(db)
    db.shrink()
