"""The sample ERP's replies: stored in its database and written as acknowledgements until those exist."""

import csv
import datetime as dt
import io
import json
from dataclasses import dataclass

from backend.clock import instant
from backend.connectors.flatfile.layout import ACK, MANIFEST, Layout
from backend.connectors.flatfile.manifest import manifest_bytes
from backend.failpoints import failpoint
from backend.files import write_atomically
from backend.sample_erp.database import SampleDatabase

COLUMNS = ("key", "line_no", "status", "erp_id", "erp_number", "reason_code", "reason_text", "total")


@dataclass(frozen=True)
class Reply:
    """The reply to one document; `lines` are the rows of its acknowledgement."""

    status: str
    number: str
    lines: list[list[str]]

    @property
    def words(self) -> str:
        """What was done, for the log."""
        if self.status == "ok":
            return f"taken as {self.number}"
        reasons = "; ".join(dict.fromkeys(line[6] for line in self.lines if line[6]))
        return f"held as {self.number}: {reasons}" if self.status == "hold" else f"refused: {reasons}"


def remember(db: SampleDatabase, stem: str, reply: Reply) -> None:
    """Store the reply; it is written after the transaction."""
    db.execute(
        "INSERT OR REPLACE INTO answers (name, status, lines, written) VALUES (?, ?, ?, 0)",
        *(stem, reply.status, json.dumps(reply.lines)),
    )


def still_answered(db: SampleDatabase, stem: str) -> bool:
    """Return whether the document was answered; if so, let the reply be written again.

    A refusal does not count: a refused document is not in the database, and its sender expects that it is
    looked at again.
    """
    return bool(db.execute("UPDATE answers SET written = 0 WHERE name = ? AND status <> 'reject'", stem))


def write_all(layout: Layout, db: SampleDatabase, now: dt.datetime) -> int:
    """Write the replies that are not written yet; return how many."""
    waiting = db.rows("SELECT name, lines FROM answers WHERE written = 0 ORDER BY name")
    for row in waiting:
        lines = json.loads(row["lines"])
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows([COLUMNS, *lines])
        content = out.getvalue().encode()
        name = f"{ACK}{row['name']}"
        write_atomically(layout.acks / f"{name}.csv", [content])
        failpoint("sample_erp.before_ack_manifest")
        manifest = manifest_bytes(instant(now), {f"{name}.csv": (len(lines), content)})
        write_atomically(layout.acks / f"{name}{MANIFEST}", [manifest])
        failpoint("sample_erp.after_ack")
        # Only if it is still this answer: another process may have given a newer one.
        db.execute("UPDATE answers SET written = 1 WHERE name = ? AND lines = ?", row["name"], row["lines"])
    return len(waiting)
