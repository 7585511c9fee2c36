"""Reading single records again: what the quarantine tries anew, and what a comparison found to differ.

What is read here may be older than what a reading publishes meanwhile, so the watermark must stand where
it stood before the ERP was asked; else nothing is written, and whoever asked tries again later.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from backend.clock import Clock
from backend.database.core import Sessions
from backend.erp.port import Connector
from backend.feed.changes import publish
from backend.ingest import customer_merges, diff, validation, watermarks
from sync_protocol.catalogue import COLLECTIONS

MAX_KEYS = 200
"""Keys asked for at once."""


@dataclass(frozen=True)
class Reread:
    """What came of it: records published (or deleted), and how many are bad; *overtaken*: nothing written."""

    changed: int = 0
    bad: int = 0
    overtaken: bool = False


def reread(
    sessions: Sessions, connector: Connector, collection: str, keys: Sequence[str], *, clock: Clock
) -> Reread:
    """Read *keys* (at most `MOST`; the ids of quarantined rows or keys of records) again, and publish them.

    Raises `ErpError` if the ERP does not answer.
    """
    if len(keys) > MAX_KEYS:
        raise ValueError(f"at most {MAX_KEYS} keys at once, not {len(keys)}")
    declared, ours = COLLECTIONS[collection], (connector.name, collection)
    with sessions() as session, session.begin():
        value = watermarks.ensure(session, *ours).value
    page = connector.reread(collection, keys)
    good, bad, gone = validation.partition(declared, page)
    # A row whose id is no key was asked for by it all the same, and the answer is that it is not there.
    bad = [row for row in bad if row.external_id not in page.gone]
    now: dt.datetime = clock.now()
    with sessions() as session, session.begin() as transaction:
        if not watermarks.advance(session, *ours, read_from=value, to=value):
            transaction.rollback()
            return Reread(overtaken=True)
        still = {row.external_id[: validation.LONGEST_ID] for row in bad}
        validation.release(session, *ours, {*keys, *good, *gone} - still)
        validation.quarantine(session, *ours, bad, now)
        customer_merges.follow(session, collection, good)
        changes = diff.changes(session, declared, good, gone)
        if changes:
            publish(session, changes)
    return Reread(len(changes), len(still))
