"""Written: what a state change leaves on disk, in one statement on PostgreSQL.

`settle` decides what the row holds; this module stores the columns that it has set, the history entry, the new
bindings, and wakes the documents that waited.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, insert, inspect, update
from sqlalchemy.orm import Session, make_transient, make_transient_to_detached

from backend.database import bulk
from backend.database.core import table_of
from backend.database.writes import Writes
from backend.inbox.dependents import WAKE, waiting_for
from backend.inbox.models import Binding, HistoryEntry, Submission
from backend.inbox.state_change import ErpBinding

_SUBMISSION, _BINDING = table_of(Submission), table_of(Binding)
_ENTER = insert(table_of(HistoryEntry)).values(
    submission_id=bindparam("of_submission"),
    at=bindparam("now"),
    state=bindparam("new_state"),
    actor=bindparam("by_actor"),
    note=bindparam("new_note"),
)
_EACH = ("entity", "external_id", "number", "aggregated")
_SAME = ("connector", "local_id", "bound_at")

Beside = tuple[Any, Mapping[str, Any]]
"""A statement for `Writes`, and its parameters."""


@dataclass(frozen=True)
class Written:
    """What is written together with the row of a submission."""

    actor: str
    note: str | None
    """For the history."""
    now: dt.datetime
    wakes: bool
    """Whether the documents that wait for this one become due."""
    bindings: str | None
    """The new bindings, as `bindings_json` returns them."""
    connector: str | None
    beside: Beside | None


def write(session: Session, row: Submission, written: Written) -> Any:
    """Store the columns of *row* that were set since it was read, and *written*.

    Return what the statement beside them returns.
    """
    if inspect(row).pending:
        session.flush()
    changed = _changed(row)
    statement, more = written.beside or (None, {})
    writes = _writes(
        bulk.dialect_of(session), tuple(sorted(changed)), written.bindings is not None, written.wakes, statement
    )
    parameters = {
        **{f"new_{name}": value for name, value in changed.items()},
        "of_seq": row.seq,
        "of_submission": row.id,
        "new_state": row.state,
        "now": written.now,
        "by_actor": written.actor,
        "new_note": written.note,
        **(_of_bindings(row, written.connector, written.now) if written.bindings else {}),
        "given": written.bindings,
        **waiting_for(row, written.now),
        **more,
    }
    returned = writes.run(session, parameters).get("beside")
    _mark_as_stored(session, row)
    if session.new or session.deleted or any(inspect(other).committed_state for other in session.dirty):
        session.flush()
    return returned


def _mark_as_stored(session: Session, row: Submission) -> None:
    """Let *row*, which holds what the database holds, count as read and not as changed.

    Otherwise each later flush of *session* would compare its columns, and write nothing.
    """
    make_transient(row)
    make_transient_to_detached(row)
    session.add(row)


def bindings_json(bindings: Iterable[ErpBinding]) -> str | None:
    """Return *bindings* as a parameter, None if there are none."""
    rows = [{name: getattr(binding, name) for name in _EACH} for binding in bindings]
    return bulk.to_json(rows) if rows else None


def insert_bindings(
    session: Session, row: Submission, bindings: Iterable[ErpBinding], connector: str, now: dt.datetime
) -> None:
    """Store *bindings* of *row* at once."""
    statement = bulk.bulk_insert(bulk.dialect_of(session), _BINDING, _EACH, _SAME)
    given = {"given": bindings_json(bindings), **_of_bindings(row, connector, now)}
    session.connection().execute(statement, given)


def _of_bindings(row: Submission, connector: str | None, now: dt.datetime) -> dict[str, Any]:
    return {"connector": connector, "local_id": row.id, "bound_at": now}


def _changed(row: Submission) -> dict[str, Any]:
    """Return the columns of *row* that were set to another value since it was read."""
    return {
        name: getattr(row, name)
        for name, old in inspect(row).committed_state.items()
        if getattr(row, name) != old
    }


@cache
def _writes(dialect: str, columns: tuple[str, ...], binds: bool, wakes: bool, beside: Any) -> Writes:
    """Return the statements; the columns that one event changes are nearly always the same."""
    statements: dict[str, Any] = {"entered": _ENTER}
    if columns:
        of_row = _SUBMISSION.c.seq == bindparam("of_seq", type_=BigInteger)
        values: dict[Any, Any] = {name: bindparam(f"new_{name}") for name in columns}
        statements["written"] = update(_SUBMISSION).where(of_row).values(values)
    if binds:
        statements["bound"] = bulk.bulk_insert(dialect, _BINDING, _EACH, _SAME)
    if wakes:
        statements["woken"] = WAKE
    if beside is not None:
        statements["beside"] = beside
    return Writes(**statements)
