"""Revocation: delete everything on the device, but never the only copy of a document.

Documents that the server does not have yet are written to a file first. Then rows, tokens, receipts, partly
downloaded segments and the key are deleted.
"""

import json
import zipfile
from pathlib import Path

from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.session import keys
from sync_protocol.device.session.session import identity
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.durable_file import durable_file, sync_folder
from sync_protocol.device.store.partfile import PartFolder
from sync_protocol.device.store.receipts import ReceiptFolder


def export_unsent(db: Database, files: ReceiptFolder, folder: Path) -> Path | None:
    """Write documents that the server may not have, and receipts not uploaded, to a zip file in *folder*.

    Return its path, or None if the server has everything. `documents.json` holds the submissions as they would
    have been pushed, `receipts/` the files by sha256, `about.json` the rep.
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
    target = folder / f"unsent-{enrolled.device_id if enrolled else 'device'}.zip"
    with durable_file(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("documents.json", b"[" + b",\n".join(bytes(row["frozen"]) for row in unsent) + b"]")
        archive.writestr("about.json", json.dumps({"rep": enrolled.rep if enrolled else None}))
        for row in receipts:
            path = files.path(row["sha256"])
            if path.exists():
                archive.write(path, f"receipts/{row['sha256']}")
    sync_folder(folder)
    return target


def wipe(db: Database, files: ReceiptFolder, parts: PartFolder, folder: Path) -> Path | None:
    """Export unsent documents, then delete everything; return the export's path, or None if nothing was unsent.

    If the process is killed in the middle, the server's answer to the next request starts it from the
    beginning.
    """
    export = export_unsent(db, files, folder)
    failpoint("wipe.after_export")
    with db.writing():
        for table in ("document_receipt", "document", "receipt", "record", "session"):
            db.run(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
        replica.reset(db)
        db.run(
            "UPDATE sync_state SET restart = 0, server_time = NULL, poll_after = NULL, synced_at = NULL,"
            " verified_at = NULL, rehashed_at = NULL, refetched_at = NULL"
        )
    keys.delete_keys(folder)
    files.sweep(db)
    parts.sweep(db)
    db.shrink()
    return export
