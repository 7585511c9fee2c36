"""The sweep: finds what the ERP has deleted, by comparing its list of keys with the feed's.

It spares what the feed learned after the listing began, believes a missing key only when a second
listing misses it too, and refuses a listing that has lost so much that it is likelier to be broken.
"""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.db import Sessions
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.feed import positions
from backend.feed.changes import publish
from backend.feed.models import FeedRow
from backend.ingest import rows, watermarks
from backend.settings import Settings
from sync_protocol.change import Gone

log = logging.getLogger(__name__)

_BATCH = 500


@dataclass(frozen=True)
class Listing:
    """The keys that exist, and the feed's head before they were listed."""

    keys: AbstractSet[str]
    head: int


@dataclass(frozen=True)
class SweepResult:
    """What one sweep found: keys the ERP listed, records that had gone, and how many were deleted."""

    collection: str
    listed: int
    missing: int
    deleted: int
    failure: str | None = None


def sweep(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    *,
    clock: Clock,
    settings: Settings,
    listing: Listing | None = None,
    force: bool = False,
) -> SweepResult:
    """Delete from the feed what the ERP does not list any more.

    *listing* comes from a reading that has met everything, in place of the connector's own list.
    *force* is the operator's word that a shrunken listing is right. A listing that is refused leaves a
    `sweep_failure` on the watermark's row and deletes nothing; so does an ERP that fails.
    """
    now = clock.now()
    with sessions() as session, session.begin():
        watermarks.ensure(session, connector.name, collection)
        # Noted before listing: whatever comes later may be missing from the list and yet exist.
        before = listing.head if listing is not None else positions.head(session).position
        known = set(_live_up_to(session, collection, before))
    try:
        listed = set(connector.keys(collection)) if listing is None else set(listing.keys)
        missing = known - listed
        refusal = None if force else _refusal(collection, len(listed), known, missing, settings)
        if refusal is None and missing and listing is None:
            missing -= set(connector.keys(collection))
    except ErpError as error:
        listed, missing, refusal = set(), set(), error.message
    if refusal is not None:
        with sessions() as session, session.begin():
            watermarks.sweep_failed(session, connector.name, collection, refusal)
        return SweepResult(collection, len(listed), len(missing), 0, refusal)
    deleted = _delete(sessions, connector.name, collection, sorted(missing), before)
    with sessions() as session, session.begin():
        watermarks.swept(session, connector.name, collection, now)
    return SweepResult(collection, len(listed), len(missing), deleted)


def _refusal(
    collection: str, listed: int, known: set[str], missing: set[str], settings: Settings
) -> str | None:
    """Return why the listing cannot be believed, or None."""
    if not missing or (listed and len(missing) * 100 <= len(known) * settings.shrink_guard_percent):
        return None
    return (
        f"The ERP lists {listed} {collection}, and {len(missing)} of the {len(known)} known ones are missing "
        f"(more than {settings.shrink_guard_percent} percent). Nothing was deleted. If they are really gone, "
        f"say `satchel sweep {collection} --believe`; if not, look at the connection"
    )


def _delete(sessions: Sessions, connector: str, collection: str, keys: list[str], before: int) -> int:
    deleted = 0
    for start in range(0, len(keys), _BATCH):
        with sessions() as session, session.begin():
            chunk = keys[start : start + _BATCH]
            rows.readable_again(session, connector, collection, chunk)
            positions.take(session, 0)
            still = set(_live_up_to(session, collection, before, chunk))
            if still:
                publish(session, [Gone(collection, key) for key in sorted(still)])
            deleted += len(still)
    if deleted:
        log.info("%d %s are gone from the ERP", deleted, collection)
    return deleted


def _live_up_to(session: Session, collection: str, position: int, keys: list[str] | None = None) -> list[str]:
    statement = select(FeedRow.key).where(
        FeedRow.collection == collection, FeedRow.body.is_not(None), FeedRow.position <= position
    )
    if keys is not None:
        statement = statement.where(FeedRow.key.in_(keys))
    return list(session.scalars(statement))
