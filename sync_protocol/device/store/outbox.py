"""The outbox: what the rep captured, kept until the feed says that its fate is final, and a while longer.

A document's bytes are frozen when it is captured and are never written again: the sha256 over its
canonical body proves to both sides that what was stored is what was typed. The push's answer lets go of
nothing; a server that is restored to an hour ago must find the document here.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_protocol.canonical import canonical
from sync_protocol.device.store.database import Database
from sync_protocol.push import Status
from sync_protocol.submission import State

GRACE = dt.timedelta(days=7)
SUSPICIOUS = "suspicious"
TOO_LARGE = "too_large"
REFUSED = "refused"

LETS_GO = (State.ACCEPTED, State.WITHDRAWN, State.SUPERSEDED, State.CANCELLED)
"""States after which the device may let go. A rejected document stays until it is superseded or dismissed."""
NEVER_AGAIN = (State.WITHDRAWN, State.SUPERSEDED, State.CANCELLED)
"""A server that forgot one of these must not be told of it again: it would be executed after all."""


@dataclass(frozen=True)
class Due:
    """A document to be pushed."""

    id: str
    sha256: str
    frozen: bytes
    failures: int


def add(db: Database, submission: Mapping[str, Any], rep: str, title: str) -> None:
    """Freeze and store *submission*; call it inside the transaction that stores its receipts."""
    db.run(
        "INSERT INTO document (id, rep, kind, title, captured_at, sha256, frozen, supersedes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        submission["id"], rep, submission["kind"], title, submission["captured_at"],
        submission["sha256"], canonical(submission), submission["supersedes"],
    )  # fmt: skip
    for reference in submission["needs"]:
        sha256 = reference.removeprefix("sha256:")
        db.run("INSERT INTO document_receipt (document, sha256) VALUES (?, ?)", submission["id"], sha256)


def due(db: Database, rep: str) -> list[Due]:
    """Return what is to be pushed for *rep*: as captured, but those that failed before come last."""
    return [
        Due(row["id"], row["sha256"], bytes(row["frozen"]), row["failures"])
        for row in db.rows(
            "SELECT id, sha256, frozen, failures FROM document WHERE due AND rep = ? ORDER BY failures, seq",
            rep,
        )
    ]


def attempting(db: Database, documents: Sequence[Due]) -> None:
    """Note, before the request leaves, that the server may have these from now on."""
    with db.writing():
        db.run_many("UPDATE document SET attempts = attempts + 1 WHERE id = ?", [(d.id,) for d in documents])


def failed(db: Database, documents: Sequence[Due]) -> None:
    """Note that the server fell over a push of these; they stay due."""
    with db.writing():
        db.run_many("UPDATE document SET failures = failures + 1 WHERE id = ?", [(d.id,) for d in documents])


def hold_back(db: Database, document: Due, mark: str, code: str, message: str) -> None:
    """Stop pushing *document* and show the rep why."""
    errors = json.dumps([{"code": code, "field": "", "message": message}])
    with db.writing():
        db.run("UPDATE document SET due = 0, mark = ?, errors = ? WHERE id = ?", mark, errors, document.id)


def note_results(db: Database, documents: Sequence[Due], results: Sequence[Mapping[str, Any]]) -> None:
    """Store the push's answer, one result for each document, in one transaction."""
    with db.writing():
        for document, result in zip(documents, results, strict=True):
            errors = json.dumps(result["errors"], ensure_ascii=False)
            stored = result["status"] in (Status.RECEIVED, Status.DUPLICATE)
            mark = SUSPICIOUS if stored and result["sha256"] != document.sha256 else None
            db.run(
                "UPDATE document SET due = 0, failures = 0, status = ?, state = ?, errors = ?, mark = ?"
                " WHERE id = ?",
                result["status"], result["state"], errors, mark, document.id,
            )  # fmt: skip


def note_states(db: Database, server_time: str, ids: Sequence[str] | None = None) -> None:
    """Take over what the `submissions` collection says; call it in the transaction that stored it.

    *ids* are the records that came just now. None means all of them, and is right only when the replica has
    been found equal to the server's: a record kept over a new epoch may be of a document that is lost.
    """
    for row in db.rows(
        "SELECT d.id, d.sha256, d.dismissed, d.final_at, r.body FROM document d"
        " JOIN record r ON r.collection = 'submissions' AND r.key = d.id"
        " WHERE ?1 IS NULL OR d.id IN (SELECT value FROM json_each(?1))",
        None if ids is None else json.dumps(ids),
    ):
        fate = json.loads(row["body"])
        if fate.get("sha256") != row["sha256"]:
            # The server has something else under this id. Ours stays, and a person looks at both.
            db.run("UPDATE document SET mark = ?, due = 0, final_at = NULL WHERE id = ?", SUSPICIOUS, row["id"])
            continue
        state = str(fate.get("state"))
        final = state in LETS_GO or (state == State.REJECTED and fate.get("superseded_by"))
        final_at = (row["final_at"] or server_time) if final or row["dismissed"] else None
        db.run(
            "UPDATE document SET state = ?, final_at = ?, due = 0, mark = NULL, errors = ?,"
            " status = coalesce(status, 'received') WHERE id = ?",
            state, final_at, json.dumps(fate.get("errors") or [], ensure_ascii=False), row["id"],
        )  # fmt: skip


def push_again(db: Database) -> None:
    """Make due whatever a server that lost its memory must hear again; call it inside the transaction.

    Accepted documents too: the server must know that they are its own before somebody sends them twice.
    """
    keep = ", ".join("?" for _ in NEVER_AGAIN)
    db.run(
        "UPDATE document SET due = 1, final_at = NULL, failures = 0"  # noqa: S608 - question marks only
        f" WHERE attempts > 0 AND NOT dismissed AND mark IS NULL AND coalesce(state, '') NOT IN ({keep})"
        " AND NOT (coalesce(state, '') = 'rejected' AND final_at IS NOT NULL)",
        *NEVER_AGAIN,
    )
    db.run("UPDATE receipt SET uploaded = 0, upload = NULL")


def forget_done(db: Database, server_time: str, grace: dt.timedelta) -> list[str]:
    """Delete documents whose fate has been final for *grace*, by the server's clock; return their ids."""
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
    """Return which frozen documents no longer have the body that their sha256 names."""
    found: list[str] = []
    for row in db.rows("SELECT id, sha256, frozen FROM document"):
        try:
            body = canonical(json.loads(bytes(row["frozen"]))["body"])
        except (ValueError, KeyError, TypeError):
            found.append(f"document {row['id']} cannot be read")
            continue
        if hashlib.sha256(body).hexdigest() != row["sha256"]:
            found.append(f"document {row['id']} is not what was captured")
    return found
