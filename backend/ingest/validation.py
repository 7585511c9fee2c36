"""Rows as they come from the ERP: which can be taken, and what becomes of those that cannot."""

import datetime as dt
import json
from collections.abc import Collection as Keys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.database.core import is_postgresql
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import BadRow, ReadPage
from backend.erp.sanitize import sanitized
from backend.ingest.models import RejectedRow
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.channel import Follows
from sync_protocol.collection import Collection
from sync_protocol.fields import Key

LONGEST_ID = 128
KEY = Key()
NAMELESS = "?"
"""Stands for the key of a record that has none."""
RETRY_FIRST = dt.timedelta(minutes=5)
RETRY_LAST = dt.timedelta(days=1)
"""A quarantined row is read again after five minutes, then after twice as long each time, up to a day."""
_LONGEST_RAW = 4_000
_MAX_FAULTS = 5
_CHUNK = 500


class Partitioned(NamedTuple):
    """What is on a page: records that can be taken, by key (of two with one key the later), bad rows, and keys
    that the ERP says are gone."""

    good: dict[str, Mapping[str, Any]]
    bad: list[BadRow]
    gone: list[str]


def partition(collection: Collection, page: ReadPage) -> Partitioned:
    """Return what is on *page*; raises `ErpError` where it cannot be gone on from."""
    if sanitized(page.watermark) != page.watermark:
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"The connector's watermark of {collection.name} holds what no database keeps: {page.watermark!r}; "
            "this is a fault of the connector",
        )
    found = Partitioned({}, list(page.bad), [])
    for record in page.records:
        error = _error(collection, record)
        if error is None:
            found.good[str(record[collection.key])] = record
        else:
            key = str(record.get(collection.key) or NAMELESS)[:LONGEST_ID]
            found.bad.append(BadRow(key, error, json.dumps(record, ensure_ascii=False, default=str)))
    for key in page.gone:
        error = KEY.error_for(key) or (None if sanitized(key) == key else "holds what no database keeps")
        if error is None:
            found.gone.append(key)
        else:
            # No record is known by it, so that there is nothing to delete; somebody should know all the same.
            found.bad.append(
                BadRow(str(key)[:LONGEST_ID] or NAMELESS, f"is said to be gone: its key {error}", repr(key))
            )
    return found


def _error(collection: Collection, record: Mapping[str, Any]) -> str | None:
    faults = collection.faults(dict(record))
    if faults:
        said = [f"{fault.field} {fault.message}".strip() for fault in faults[:_MAX_FAULTS]]
        more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
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


def quarantine(
    session: Session, connector: str, collection: str, bad: Sequence[BadRow], now: dt.datetime
) -> None:
    """Put *bad* rows into quarantine; one that is there keeps its first date and is tried again later."""
    by_id = {row.external_id[:LONGEST_ID]: row for row in bad}
    if not by_id:
        return
    tried = attempts_at(session, connector, collection, sorted(by_id))
    found = [
        {
            "connector": connector,
            "collection": collection,
            "external_id": id,
            "error": row.error[:_LONGEST_RAW],
            "raw": row.raw[:_LONGEST_RAW],
            "first_seen_at": now,
            "last_seen_at": now,
            "attempts": tried.get(id, 0) + 1,
            "retry_at": now + min(RETRY_FIRST * 2 ** min(tried.get(id, 0), 16), RETRY_LAST),
        }
        for id, row in by_id.items()
    ]
    insert: Any = postgresql.insert if is_postgresql(session) else sqlite.insert
    statement = insert(RejectedRow)
    newer = ("error", "raw", "last_seen_at", "attempts", "retry_at")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connector", "collection", "external_id"],
            set_={name: statement.excluded[name] for name in newer},
        ),
        found,
    )


def attempts_at(session: Session, connector: str, collection: str, ids: Sequence[str]) -> dict[str, int]:
    """Return, of the rows *ids*, how often each was tried that is in quarantine."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), _CHUNK):
        known = session.execute(
            select(RejectedRow.external_id, RejectedRow.attempts).where(
                RejectedRow.connector == connector,
                RejectedRow.collection == collection,
                RejectedRow.external_id.in_(ids[start : start + _CHUNK]),
            )
        )
        found.update({row.external_id: row.attempts for row in known})
    return found


def release(session: Session, connector: str, collection: str, keys: Keys[str]) -> None:
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


def release_unseen(
    session: Session, connector: str, collection: str, moment: dt.datetime, *, inclusive: bool
) -> None:
    """After a reading of everything, let go of the rows it has not met: those last seen before *moment*.

    *inclusive*: also those last seen at it.
    """
    seen = RejectedRow.last_seen_at
    session.execute(
        delete(RejectedRow).where(
            RejectedRow.connector == connector,
            RejectedRow.collection == collection,
            seen <= moment if inclusive else seen < moment,
        )
    )
