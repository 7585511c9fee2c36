"""Arrivals: new submissions on their way into the inbox, many at a time.

A row of the table as an ORM object costs more to make than to store, and a push makes fifty. An arrival has
what a new row has, under the names of `Submission`; whatever happens to it afterwards happens to the row.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.inbox.models import HistoryEntry, Submission

SUBMISSIONS, HISTORY = table_of(Submission), table_of(HistoryEntry)


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A new submission: what the device sent, and the state in which it begins."""

    id: str
    kind: str
    rep: str
    device: str
    captured_at: str
    zone: str
    schema: int
    body: str
    """Canonical JSON."""
    envelope: str
    """JSON."""
    sha256: str
    needs: list[str]
    depends_on: list[str]
    supersedes: str | None
    superseded_by: str | None
    received_at: dt.datetime
    state: str
    status: str
    errors: list[dict[str, str]]
    reason: str | None
    owner: str | None
    order_key: str

    @property
    def updated_at(self) -> dt.datetime:
        """When its state last changed: just now."""
        return self.received_at

    @property
    def erp_number(self) -> None:
        """The ERP has not heard of it."""
        return None

    @property
    def decision(self) -> None:
        """Nor has the office."""
        return None


_AS_IS = (
    *("id", "kind", "rep", "device", "captured_at", "zone", "schema", "body", "sha256", "supersedes"),
    *("superseded_by", "state", "status", "reason", "owner", "order_key", "envelope"),
)
_JSON = ("needs", "depends_on", "errors")
_SAME = ("received_at", "updated_at", "due_at", "fence", "tries", "unfinished_leases")


@cache
def _inserting(dialect: str) -> Any:
    statement = bulk.bulk_insert(dialect, SUBMISSIONS, (*_AS_IS, *_JSON), _SAME)
    return statement.on_conflict_do_nothing(index_elements=["id"]).returning(SUBMISSIONS.c.id)


def insert(session: Session, submissions: Sequence[NewSubmission], actor: str) -> set[str]:
    """Store *arrivals*, all of one moment, in their order and with a first line of history each, by *actor*.

    Returns the ids that are new; another document has the others, and nothing happened to it.
    """
    if not submissions:
        return set()
    now, dialect, connection = submissions[0].received_at, bulk.dialect_of(session), session.connection()
    given = bulk.to_json(_row(arrival) for arrival in submissions)
    same = {
        "received_at": now,
        "updated_at": now,
        "due_at": now,
        "fence": 0,
        "tries": 0,
        "unfinished_leases": 0,
    }
    new = set(connection.execute(_inserting(dialect), {"given": given, **same}).scalars())
    steps = [
        {"submission_id": arrival.id, "state": arrival.state, "note": arrival.reason}
        for arrival in submissions
        if arrival.id in new
    ]
    if steps:
        noting = bulk.bulk_insert(dialect, HISTORY, ("submission_id", "state", "note"), ("at", "actor"))
        connection.execute(noting, {"given": bulk.to_json(steps), "at": now, "actor": actor})
    return new


def _row(arrival: NewSubmission) -> dict[str, Any]:
    row = {name: getattr(arrival, name) for name in _AS_IS}
    for name in _JSON:
        row[name] = bulk.to_json(getattr(arrival, name))
    return row
