"""Rows as they come from the ERP: which can be taken, and what becomes of those that cannot."""

import datetime as dt
import json
from collections.abc import Collection as Keys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.db import is_postgresql
from backend.erp.records import BadRow
from backend.ingest.models import RejectedRow
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.channel import Follows
from sync_protocol.collection import Collection

_LONGEST_RAW = 4_000
_MOST_FAULTS = 5
_CHUNK = 500


def sort_out(
    collection: Collection, records: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], list[BadRow]]:
    """Return the records that can be taken, by key (of two with one key the later), and the bad rows."""
    good: dict[str, Mapping[str, Any]] = {}
    bad: list[BadRow] = []
    for record in records:
        error = _error(collection, record)
        if error is None:
            good[str(record[collection.key])] = record
        else:
            key = str(record.get(collection.key) or "?")[:128]
            bad.append(BadRow(key, error, json.dumps(record, ensure_ascii=False, default=str)))
    return good, bad


def _error(collection: Collection, record: Mapping[str, Any]) -> str | None:
    faults = collection.faults(dict(record))
    if faults:
        said = [f"{fault.field} {fault.message}".strip() for fault in faults[:_MOST_FAULTS]]
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        return "; ".join(said) + more
    try:
        canonical(record)
        if not isinstance(collection.channel, Follows):
            collection.channel.of(record)
    except NotCanonical as error:
        return str(error)
    except ValueError as error:
        return f"belongs to no channel: {error}"
    return None


def keep_apart(
    session: Session, connector: str, collection: str, bad: Sequence[BadRow], now: dt.datetime
) -> None:
    """Keep *bad* rows for the operator; one that was bad before keeps its first date."""
    rows = {
        row.external_id[:128]: {
            "connector": connector,
            "collection": collection,
            "external_id": row.external_id[:128],
            "error": row.error[:_LONGEST_RAW],
            "raw": row.raw[:_LONGEST_RAW],
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for row in bad
    }
    if not rows:
        return
    insert: Any = postgresql.insert if is_postgresql(session) else sqlite.insert
    statement = insert(RejectedRow)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connector", "collection", "external_id"],
            set_={name: statement.excluded[name] for name in ("error", "raw", "last_seen_at")},
        ),
        list(rows.values()),
    )


def readable_again(session: Session, connector: str, collection: str, keys: Keys[str]) -> None:
    """Let go of the rows of *keys*: they have been read well, or do not exist any more."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), _CHUNK):
        session.execute(
            delete(RejectedRow).where(
                RejectedRow.connector == connector,
                RejectedRow.collection == collection,
                RejectedRow.external_id.in_(ordered[start : start + _CHUNK]),
            )
        )


def not_met_since(
    session: Session, connector: str, collection: str, moment: dt.datetime, met: Keys[str]
) -> None:
    """After a reading of everything, let go of the bad rows last seen by *moment* that it has not *met*."""
    old = session.scalars(
        select(RejectedRow.external_id).where(
            RejectedRow.connector == connector,
            RejectedRow.collection == collection,
            RejectedRow.last_seen_at <= moment,
        )
    )
    readable_again(session, connector, collection, set(old) - set(met))
