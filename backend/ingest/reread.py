"""Read single records again: rows in quarantine, and records that differ in a comparison.

A reading may publish something newer meanwhile. So the watermark must not have moved since before the ERP was
asked; if it has, nothing is written and the caller tries again later.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from backend.clock import Clock
from backend.database.core import Sessions
from backend.erp.call_metrics import measured
from backend.erp.port import Connector
from backend.feed.changes import publish
from backend.ingest import customer_merges, diff, validation, watermarks
from sync_protocol.catalogue import COLLECTIONS

MAX_KEYS = 200
"""Most keys requested in one call."""


@dataclass(frozen=True)
class Reread:
    """The result: records published or deleted, and rows still bad. *overtaken*: nothing was written."""

    changed: int = 0
    bad: int = 0
    overtaken: bool = False


def reread(
    sessions: Sessions, connector: Connector, collection: str, keys: Sequence[str], *, clock: Clock
) -> Reread:
    """Read *keys* (at most `MAX_KEYS` ids of rows in quarantine, or keys of records) again and publish them.

    Raises `ErpError` if the ERP does not answer.
    """
    if len(keys) > MAX_KEYS:
        raise ValueError(f"at most {MAX_KEYS} keys at once, not {len(keys)}")
    declared, watermark_id = COLLECTIONS[collection], (connector.name, collection)
    with sessions() as session, session.begin():
        value = watermarks.ensure(session, *watermark_id).value
    with measured(connector.name, "reread"):
        page = connector.reread(collection, keys)
    good, bad, gone, _ = validation.partition(declared, page)
    # An id that is not a valid key was requested too; a row reported as gone under it is not bad but absent.
    bad = [row for row in bad if row.external_id not in page.gone]
    now: dt.datetime = clock.now()
    with sessions() as session, session.begin() as transaction:
        if not watermarks.advance(session, *watermark_id, read_from=value, to=value):
            transaction.rollback()
            return Reread(overtaken=True)
        bad_ids = {validation.row_id(row.external_id) for row in bad}
        validation.release(session, *watermark_id, {*keys, *good, *gone} - bad_ids)
        validation.quarantine(session, *watermark_id, bad, now)
        customer_merges.follow(session, collection, good)
        changes = diff.changes(session, declared, good, gone)
        if changes:
            publish(session, changes)
    return Reread(len(changes), len(bad_ids))
