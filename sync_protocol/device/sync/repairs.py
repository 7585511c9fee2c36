"""What a verification found, applied in one transaction, and only under the cursor it was asked with."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync_protocol.change import Stream
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import PutRow
from sync_protocol.device.store import outbox, replica, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import Applied, SyncState


@dataclass(frozen=True)
class Findings:
    """What one answer of the server says is to be done.

    *drop*: streams whose rows go, whole. *cursor*: to be held from then on, or None to keep the one held.
    *gone*: (stream, key) of rows that do not belong there.
    """

    drop: Sequence[Stream] = ()
    cursor: str | None = None
    put: Sequence[PutRow] = ()
    gone: Sequence[tuple[Stream, str]] = ()


def apply(db: Database, findings: Findings, asked: SyncState) -> Applied:
    """Apply *findings* if the replica still stands at *asked*. The rows override the positions held."""
    with db.writing():
        if not replica.still_at(db, asked):
            return Applied(False)
        for stream in findings.drop:
            replica.drop(db, stream)
        failpoint("repair.after_drop")
        gone = db.run_many(
            "DELETE FROM record WHERE channel = ? AND collection = ? AND key = ?",
            [(*stream, key) for stream, key in findings.gone],
        )
        failpoint("repair.after_deletes")
        put = db.run_many(rows.OVERRIDE, [rows.stored(row) for row in findings.put])
        fates = [row.key for row in findings.put if row.stream[1] == "submissions"]
        outbox.note_states(db, asked.server_time or "", fates)
        db.run("UPDATE held SET verified = 0")
        if findings.cursor is not None:
            db.run(
                "UPDATE held SET cursor = ?, etag = NULL, complete = 0, check_count = NULL, check_sum = NULL",
                findings.cursor,
            )
        failpoint("repair.before_commit")
    failpoint("repair.after_commit")
    return Applied(True, put, gone)
