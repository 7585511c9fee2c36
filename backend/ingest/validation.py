"""Validation of what was read from the ERP, and the quarantine of what is not valid."""

import datetime as dt
import logging
from collections.abc import Collection as Keys
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of, insert_into
from backend.database.core import table_of
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage
from backend.erp.rows import LONGEST_RAW, BadRow, RawRow, SourceRow
from backend.erp.sanitize import sanitized
from backend.ingest.models import RejectedRow
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.channel import Follows
from sync_protocol.collection import Collection
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key

log = logging.getLogger(__name__)

LONGEST_ID = 128
KEY = Key()
NAMELESS = "?"
"""Stands for the key of a record that has no key."""
RETRY_FIRST = dt.timedelta(minutes=5)
RETRY_LAST = dt.timedelta(days=1)
"""A row in quarantine is read again after five minutes, then after twice the time, up to a day."""
_CHUNK = 500


class Partitioned(NamedTuple):
    """The contents of a page: valid records by key (of two with the same key the later one), bad rows, the keys
    of records that the ERP reports as deleted, and the keys of invalid records, which exist all the same."""

    good: dict[str, Mapping[str, Any]]
    bad: list[BadRow]
    gone: list[str]
    invalid_keys: list[str]


def partition(collection: Collection, page: ReadPage) -> Partitioned:
    """Validate *page* and return its contents.

    This is the only validation of a record. It trusts no connector: whatever a connector returns is either
    valid or goes to quarantine.

    Raises:
        ErpError: the watermark cannot be stored, or the records and their sources do not match.
    """
    if sanitized(page.watermark) != page.watermark:
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"The connector's watermark of {collection.name} contains characters that no database stores: "
            f"{page.watermark!r}; this is a fault of the connector",
        )
    if page.sources and len(page.sources) != len(page.records):
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"The connector returned {len(page.records)} records of {collection.name} and {len(page.sources)} "
            "source rows; this is a fault of the connector",
        )
    parts = Partitioned({}, list(page.bad), [], [])
    for record, source in zip(page.records, page.sources or repeat(None), strict=False):
        faults = _faults(collection, record)
        if faults:
            parts.bad.append(_rejected(collection, record, source, faults))
            # The source may name its row by a place in a file, which says nothing about the record's key.
            if isinstance(key := record.get(collection.key), str):
                parts.invalid_keys.append(key[:LONGEST_ID])
        else:
            parts.good[str(record[collection.key])] = record
    for key in page.gone:
        storable = sanitized(key) == key
        error = KEY.error_for(key) or (None if storable else "contains characters that no database stores")
        if error is None:
            parts.gone.append(key)
        else:
            # No record has this key, so nothing is deleted; the operator should still see it.
            id = str(key)[:LONGEST_ID] or NAMELESS
            parts.bad.append(BadRow(id, f"was reported as deleted: its key {error}", repr(key)))
    return parts


def _faults(collection: Collection, record: Mapping[str, Any]) -> list[Fault]:
    """Return the faults of *record*: its schema first, then what the feed needs of it."""
    faults = collection.faults(dict(record))
    if faults:
        return faults
    try:
        canonical(record)
        if not isinstance(collection.channel, Follows):
            collection.channel.of(record)
    except NotCanonical as error:
        return [Fault(ErrorCode.FIELD_INVALID, "", str(error))]
    except ValueError as error:
        return [Fault(ErrorCode.FIELD_INVALID, "", f"belongs to no channel: {error}")]
    return []


def _rejected(
    collection: Collection, record: Mapping[str, Any], source: SourceRow | None, faults: list[Fault]
) -> BadRow:
    if source is not None:
        try:
            return source.reject(faults)
        except Exception:
            # The page must not fail because of one row whose reason the connector cannot give.
            log.exception("the connector could not name the row of a bad record of %s", collection.name)
    return RawRow(str(record.get(collection.key) or NAMELESS)[:LONGEST_ID], record).reject(faults)


def quarantine(
    session: Session, connector: str, collection: str, bad: Sequence[BadRow], now: dt.datetime
) -> None:
    """Put *bad* rows into quarantine. A row that is there keeps `first_seen_at` and is read again later."""
    by_id = {row.external_id[:LONGEST_ID]: row for row in bad}
    if not by_id:
        return
    attempts = attempts_at(session, connector, collection, sorted(by_id))
    rows = [
        {
            "connector": connector,
            "collection": collection,
            "external_id": id,
            "error": row.error[:LONGEST_RAW],
            "raw": row.raw[:LONGEST_RAW],
            "first_seen_at": now,
            "last_seen_at": now,
            "attempts": attempts.get(id, 0) + 1,
            "retry_at": now + min(RETRY_FIRST * 2 ** min(attempts.get(id, 0), 16), RETRY_LAST),
        }
        for id, row in by_id.items()
    ]
    statement = insert_into(dialect_of(session), table_of(RejectedRow))
    newer = ("error", "raw", "last_seen_at", "attempts", "retry_at")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connector", "collection", "external_id"],
            set_={name: statement.excluded[name] for name in newer},
        ),
        rows,
    )


def attempts_at(session: Session, connector: str, collection: str, ids: Sequence[str]) -> dict[str, int]:
    """Return how often each of the rows *ids* that is in quarantine was read, by id."""
    attempts: dict[str, int] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(RejectedRow.external_id, RejectedRow.attempts).where(
                RejectedRow.connector == connector,
                RejectedRow.collection == collection,
                RejectedRow.external_id.in_(ids[start : start + _CHUNK]),
            )
        )
        attempts.update({row.external_id: row.attempts for row in rows})
    return attempts


def release(session: Session, connector: str, collection: str, keys: Keys[str]) -> None:
    """Remove the rows of *keys* from quarantine: they are valid now or no longer exist."""
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
    """After a reading of everything, remove the rows that it did not find: those last seen before *moment*.

    With *inclusive*, also those last seen exactly then.
    """
    seen = RejectedRow.last_seen_at
    session.execute(
        delete(RejectedRow).where(
            RejectedRow.connector == connector,
            RejectedRow.collection == collection,
            seen <= moment if inclusive else seen < moment,
        )
    )
