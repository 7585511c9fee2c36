"""Former records: what prices, and the price lists of customers, were before their last changes.

A phone may have worked without a signal, so an order is also compared with what was right when it was captured.
Former records are kept as long as tombstones: a phone that was away for longer starts again.
"""

import json
from collections.abc import Mapping

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.round_trip import Read
from backend.feed.live import FORMER, LiveRecord, Ref
from backend.feed.models import FormerRecord
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Put

_COLUMNS = ("collection", "parent", "key", "position", "body")


def keeping(
    dialect: str, final: Mapping[Ref, Change], live: Mapping[Ref, LiveRecord], position: int
) -> list[Read]:
    """Return what keeps the former fields of the records of *live* that *final* changes or deletes.

    They are kept at *position*. Nothing is returned if no such field changes.
    """
    rows = []
    for ref, change in final.items():
        names, old = COLLECTIONS[ref[0]].former_fields, live.get(ref)
        if not names or old is None:
            continue
        record = json.loads(old.body)
        before = {name: record[name] for name in names if name in record}
        new = change.record if isinstance(change, Put) else None
        if new is not None and all(new.get(name) == before.get(name) for name in names):
            continue
        rows.append(
            {
                "collection": ref[0],
                "parent": old.parent if COLLECTIONS[ref[0]].found_by and old.parent else ref[1],
                "key": ref[1],
                "position": position,
                "body": json.dumps(before),
            }
        )
    if not rows:
        return []
    return [Read(bulk.bulk_insert(dialect, FORMER, _COLUMNS), {"given": bulk.rows_of(rows, _COLUMNS)})]


def delete_expired(session: Session, horizon: int) -> None:
    """Delete former records that were replaced at or below the position *horizon*."""
    session.execute(
        delete(FormerRecord).where(FormerRecord.position <= horizon),
        execution_options={"synchronize_session": False},
    )
