"""The outbox: captured documents, kept until the feed reports a final state, and for a grace period after that.

A document's bytes are frozen at capture and never written again. The sha256 over its canonical body proves to
both sides that the stored body is the one that was typed. A push result deletes nothing: a server that is
restored from an hour-old backup must find the document here.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sync_protocol.canonical import canonical
from sync_protocol.device.store.database import Database
from sync_protocol.errors import Fault
from sync_protocol.push import ResultJson, Status
from sync_protocol.submission import State, SubmissionJson

GRACE = dt.timedelta(days=7)
"""How long a document is kept after its final state."""
SUSPICIOUS = "suspicious"
TOO_LARGE = "too_large"
REFUSED = "refused"

DELETABLE = (State.ACCEPTED, State.WITHDRAWN, State.SUPERSEDED, State.CANCELLED)
"""States after which the device may delete its copy. A rejected one stays until superseded or dismissed."""
NOT_PUSHED_AGAIN = (State.WITHDRAWN, State.SUPERSEDED, State.CANCELLED)
"""A restored server that lost one of these must not get it again: it would execute the document."""


@dataclass(frozen=True)
class DueDocument:
    """A document to push.

    *frozen*: its bytes as they travel. *failures*: pushes that may have crashed the server.
    """

    id: str
    sha256: str
    frozen: bytes
    failures: int


def add(db: Database, submission: SubmissionJson, rep: str, title: str, warnings: Sequence[Fault] = ()) -> None:
    """Freeze and store *submission*; call it inside the transaction that stores its receipts.

    *submission* is a valid `SubmissionSchema`, with `needs` and `supersedes` present.
    """
    noted = json.dumps([warning.as_wire() for warning in warnings], ensure_ascii=False)
    db.run(
        "INSERT INTO document (id, rep, kind, title, captured_at, sha256, frozen, supersedes, warnings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        submission["id"], rep, submission["kind"], title, submission["captured_at"],
        submission["sha256"], canonical(submission), submission["supersedes"], noted,
    )  # fmt: skip
    for reference in submission["needs"]:
        sha256 = reference.removeprefix("sha256:")
        db.run("INSERT INTO document_receipt (document, sha256) VALUES (?, ?)", submission["id"], sha256)


def due(db: Database, rep: str) -> list[DueDocument]:
    """Return the documents to push for *rep* in the order of capture; those that failed before come last."""
    return [
        DueDocument(row["id"], row["sha256"], bytes(row["frozen"]), row["failures"])
        for row in db.rows(
            "SELECT id, sha256, frozen, failures FROM document WHERE due AND rep = ? ORDER BY failures, seq",
            rep,
        )
    ]


def record_attempt(db: Database, documents: Sequence[DueDocument]) -> None:
    """Store, before the request is sent, that the server may have these documents from now on."""
    with db.writing():
        db.run_many("UPDATE document SET attempts = attempts + 1 WHERE id = ?", [(d.id,) for d in documents])


def record_failure(db: Database, documents: Sequence[DueDocument]) -> None:
    """Store that the server may have crashed on these documents; they stay due."""
    with db.writing():
        db.run_many("UPDATE document SET failures = failures + 1 WHERE id = ?", [(d.id,) for d in documents])


def stop_pushing(db: Database, document: DueDocument, mark: str, code: str, message: str) -> None:
    """Stop pushing *document*, and store the reason for the rep.

    *mark* is `SUSPICIOUS`, `TOO_LARGE` or `REFUSED`.
    """
    errors = json.dumps([{"code": code, "field": "", "message": message}])
    with db.writing():
        db.run("UPDATE document SET due = 0, mark = ?, errors = ? WHERE id = ?", mark, errors, document.id)


def store_results(db: Database, documents: Sequence[DueDocument], results: Sequence[ResultJson]) -> None:
    """Store *results* (`ResultSchema`, one per document, in the same order) in one transaction."""
    with db.writing():
        for document, result in zip(documents, results, strict=True):
            errors = json.dumps(result["errors"], ensure_ascii=False)
            stored = result["status"] in (Status.RECEIVED, Status.DUPLICATE)
            mark = SUSPICIOUS if stored and result["sha256"] != document.sha256 else None
            db.run(
                "UPDATE document SET due = 0, failures = 0, status = ?, state = ?, errors = ?, mark = ?,"
                " warnings = coalesce(?, warnings) WHERE id = ?",
                result["status"], result["state"], errors, mark, _warnings(result), document.id,
            )  # fmt: skip


def _warnings(result: ResultJson) -> str | None:
    """Return the server's warnings as JSON; None if it states none, or is too old to know any."""
    return json.dumps(result["warnings"], ensure_ascii=False) if result.get("warnings") else None


def update_states(db: Database, server_time: str, ids: Sequence[str] | None = None) -> None:
    """Copy states from the `submissions` collection to the outbox; call it in the transaction that stored them.

    *ids* are the records that have just arrived. None means all of them. That is correct only after the replica
    was found equal to the server's: a record kept over a new epoch may describe a document that the server
    lost.
    """
    for row in db.rows(
        "SELECT d.id, d.sha256, d.dismissed, d.final_at, r.body FROM document d"
        " JOIN record r ON r.collection = 'submissions' AND r.key = d.id"
        " WHERE ?1 IS NULL OR d.id IN (SELECT value FROM json_each(?1))",
        None if ids is None else json.dumps(ids),
    ):
        record = json.loads(row["body"])
        if record.get("sha256") != row["sha256"]:
            # The server has another document under this id. Keep ours; a person must compare both.
            db.run("UPDATE document SET mark = ?, due = 0, final_at = NULL WHERE id = ?", SUSPICIOUS, row["id"])
            continue
        state = str(record.get("state"))
        final = state in DELETABLE or (state == State.REJECTED and record.get("superseded_by"))
        final_at = (row["final_at"] or server_time) if final or row["dismissed"] else None
        db.run(
            "UPDATE document SET state = ?, final_at = ?, due = 0, mark = NULL, errors = ?,"
            " status = coalesce(status, 'received') WHERE id = ?",
            state, final_at, json.dumps(record.get("errors") or [], ensure_ascii=False), row["id"],
        )  # fmt: skip


def push_all_again(db: Database) -> None:
    """Make every document due that a restored server must get again; call it inside a transaction.

    This includes accepted documents: the server must know them before somebody enters them a second time.
    """
    db.run(
        "UPDATE document SET due = 1, final_at = NULL, failures = 0"
        " WHERE attempts > 0 AND NOT dismissed AND mark IS NULL"
        " AND coalesce(state, '') NOT IN (SELECT value FROM json_each(?))"
        " AND NOT (coalesce(state, '') = 'rejected' AND final_at IS NOT NULL)",
        json.dumps(sorted(NOT_PUSHED_AGAIN)),
    )
    db.run("UPDATE receipt SET uploaded = 0, upload = NULL")


def delete_final(db: Database, server_time: str, grace: dt.timedelta) -> list[str]:
    """Delete documents that have been final for *grace*, by the server's clock; return their ids.

    *server_time* is an ISO 8601 instant, from a page.
    """
    before = dt.datetime.fromisoformat(server_time) - grace
    done = [
        row["id"]
        for row in db.rows("SELECT id, final_at FROM document WHERE final_at IS NOT NULL AND mark IS NULL")
        if dt.datetime.fromisoformat(row["final_at"]) <= before
    ]
    with db.writing():
        db.run_many("DELETE FROM document WHERE id = ? AND final_at IS NOT NULL", [(id,) for id in done])
        db.run("DELETE FROM receipt WHERE sha256 NOT IN (SELECT sha256 FROM document_receipt)")
    return done


def integrity_errors(db: Database) -> list[str]:
    """Return a sentence for each document whose frozen body does not match its sha256."""
    errors: list[str] = []
    for row in db.rows("SELECT id, sha256, frozen FROM document"):
        try:
            body = canonical(json.loads(bytes(row["frozen"]))["body"])
        except (ValueError, KeyError, TypeError):
            errors.append(f"document {row['id']} cannot be read")
            continue
        if hashlib.sha256(body).hexdigest() != row["sha256"]:
            errors.append(f"document {row['id']} differs from the captured one")
    return errors
