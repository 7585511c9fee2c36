"""Validation of the records read from the ERP, and quarantine of the invalid ones."""

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Collection as Keys
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.database.bulk import upsert
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage
from backend.erp.rows import LONGEST_RAW, BadRow, RawRow, SourceRow
from backend.erp.sanitize import sanitized, shown
from backend.ingest.models import RejectedRow
from backend.ingest.search_text import with_search_text
from backend.retry import Backoff
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.channel import Follows
from sync_protocol.collection import Collection
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key
from sync_protocol.readable import readable_record

log = logging.getLogger(__name__)

LONGEST_ID = 128
KEY = Key()
NAMELESS = "?"
"""Stands for the key of a record that has no key."""
RETRY_LAST = dt.timedelta(days=1)
RETRY_PAUSES = Backoff(base=300.0, cap=RETRY_LAST.total_seconds())
"""A row in quarantine is read again after five minutes, then after twice the time, up to a day."""
_CHUNK = 500


class Partitioned(NamedTuple):
    """The contents of a page, by the next step of ingest.

    *good*: valid records by key, the later of two with the same key. *gone*: keys of records that the ERP
    reports as deleted. *invalid_keys*: keys of invalid records, which exist in the ERP.
    """

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
        if faults and (cleaned := _readable(collection, record)) is not None:
            record, faults = cleaned, []
        if faults:
            parts.bad.append(_rejected(collection, record, source, faults))
            # The source may name its row by a place in a file, which says nothing about the record's key.
            if isinstance(key := _key_of(collection, record), str):
                parts.invalid_keys.append(row_id(key))
        else:
            parts.good[str(record[collection.key])] = with_search_text(collection, record)
    for key in page.gone:
        error = KEY.error_for(key)
        if error is None:
            parts.gone.append(key)
        else:
            # No record has this key, so nothing is deleted; the operator should still see it.
            row = RawRow(_shown_id(key), key)
            parts.bad.append(row.bad(f"was reported as deleted: its key {error}"))
    return parts


def _faults(collection: Collection, record: Mapping[str, Any]) -> list[Fault]:
    """Return the faults of *record*: its schema first, then what the feed needs of it."""
    try:
        faults = collection.faults(dict(record))
        if faults:
            return faults
        canonical(record)
        if not isinstance(collection.channel, Follows):
            collection.channel.of(record)
    except NotCanonical as error:
        return [Fault(ErrorCode.FIELD_INVALID, error.path, error.reason)]
    except ValueError as error:
        return [Fault(ErrorCode.FIELD_INVALID, "", f"belongs to no channel: {error}")]
    except Exception as error:
        # Whatever a connector returns: it is one record, and the others are published.
        log.exception("a record of %s cannot be checked", collection.name)
        return [Fault(ErrorCode.FIELD_INVALID, "", f"cannot be checked: {type(error).__name__}")]
    return []


def _readable(collection: Collection, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return *record*, which has faults, with its texts shortened and cleaned; None if it is still invalid.

    A text that no database stores comes from a wrong encoding. Its row is quarantined.
    """
    if not isinstance(record, dict) or not _is_storable(record):
        return None
    cleaned = readable_record(collection.schema, record)
    if cleaned == record or _faults(collection, cleaned):
        return None
    log.info("a text of record %s of %s was shortened or cleaned", cleaned[collection.key], collection.name)
    return cleaned


def _is_storable(value: Any) -> bool:
    """Say whether a database can store every text in *value*, a JSON value; False for other values."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
        return "\\u0000" not in json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False


def _rejected(
    collection: Collection, record: Mapping[str, Any], source: SourceRow | None, faults: list[Fault]
) -> BadRow:
    if source is not None:
        try:
            return source.reject(faults)
        except Exception:
            # The page must not fail because of one row whose reason the connector cannot give.
            log.exception("the connector could not name the row of a bad record of %s", collection.name)
    return RawRow(_shown_id(_key_of(collection, record)), record).reject(faults)


def _key_of(collection: Collection, record: Any) -> Any:
    return record.get(collection.key) if isinstance(record, Mapping) else None


def _shown_id(key: Any) -> str:
    """Return *key*, which may be anything, as the id of a row."""
    return row_id(key if isinstance(key, str) else shown(key) if key else "") or NAMELESS


def row_id(text: str) -> str:
    """Return *text* as the id of a row in quarantine, of at most `LONGEST_ID` characters and one of its own."""
    text = sanitized(text)
    if len(text) <= LONGEST_ID:
        return text
    return f"{text[: LONGEST_ID - 33]}~{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def quarantine(
    session: Session, connector: str, collection: str, bad: Sequence[BadRow], now: dt.datetime
) -> None:
    """Put *bad* rows into quarantine. A row that is there keeps `first_seen_at` and is read again later."""
    by_id = {row_id(row.external_id): row for row in bad}
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
            "retry_at": now + dt.timedelta(seconds=RETRY_PAUSES.ceiling(attempts.get(id, 0))),
        }
        for id, row in by_id.items()
    ]
    upsert(
        session,
        RejectedRow,
        rows,
        ["connector", "collection", "external_id"],
        replace=["error", "raw", "last_seen_at", "attempts", "retry_at"],
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
    last_seen = RejectedRow.last_seen_at
    session.execute(
        delete(RejectedRow).where(
            RejectedRow.connector == connector,
            RejectedRow.collection == collection,
            last_seen <= moment if inclusive else last_seen < moment,
        )
    )
