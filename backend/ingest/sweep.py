"""The sweep: find what the ERP has deleted by comparing its list of keys with the feed's.

It spares records that were published after the listing began. It accepts a missing key only if a second listing
misses it too. It refuses a listing in which so many keys are missing that it is probably incomplete.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, select

from backend.clock import Clock
from backend.database.core import Sessions, snapshot
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.feed import positions
from backend.feed.changes import publish
from backend.feed.models import FeedRow
from backend.ingest import validation, watermarks
from backend.ingest.keyset import KeySet
from backend.settings import Settings
from sync_protocol.change import Gone

log = logging.getLogger(__name__)

_BATCH = 500


@dataclass(frozen=True)
class Listing:
    """The keys that exist, and the feed's head before they were listed."""

    keys: Iterable[str]
    head: int


@dataclass(frozen=True)
class SweepResult:
    """The result of a sweep: keys that the ERP listed, records missing there, and records deleted here."""

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
    """Delete from the feed the records that the ERP no longer lists.

    *listing* comes from a reading of everything and replaces the connector's own list. *force*: the operator
    accepts a listing that has shrunk. A listing that is refused, or an ERP that fails, deletes nothing and
    leaves a `sweep_failure` on the watermark's row.
    """
    now = clock.now()
    with sessions() as session, session.begin():
        watermarks.ensure(session, connector.name, collection)
        # Read the head before listing: a record published later may be missing from the list and still exist.
        before = listing.head if listing is not None else positions.head(session).position
    listed = 0
    missing: list[str] = []
    try:
        with KeySet(listing.keys) if listing is not None else _listed_keys(connector, collection) as keys:
            listed = len(keys)
            existing, missing = _compare(sessions, collection, before, keys)
        refusal = None if force else _refusal(collection, listed, existing, len(missing), settings)
        if refusal is None and missing and listing is None:
            with _listed_keys(connector, collection) as keys:
                missing = [key for chunk in _chunks(missing) for key in keys.lacking(chunk)]
    except ErpError as error:
        refusal = error.message
    if refusal is not None:
        with sessions() as session, session.begin():
            watermarks.sweep_failed(session, connector.name, collection, refusal)
        return SweepResult(collection, listed, len(missing), 0, refusal)
    deleted = _delete(sessions, connector.name, collection, missing, before)
    with sessions() as session, session.begin():
        watermarks.swept(session, connector.name, collection, now)
    return SweepResult(collection, listed, len(missing), deleted)


def _listed_keys(connector: Connector, collection: str) -> KeySet:
    """Return the keys that the connector lists; the caller closes the set. Raises `ErpError`."""
    with measured(connector.name, "keys"):
        return KeySet(connector.keys(collection))


def _compare(sessions: Sessions, collection: str, before: int, keys: KeySet) -> tuple[int, list[str]]:
    """Return the number of live records, and the keys of those that are not listed, ascending."""
    existing, after, missing = 0, "", list[str]()
    while True:
        with sessions() as session, session.begin():
            snapshot(session)
            chunk = session.scalars(
                _live_up_to(collection, before).where(FeedRow.key > after).order_by(FeedRow.key).limit(_BATCH)
            ).all()
        if not chunk:
            return existing, missing
        existing += len(chunk)
        missing += keys.lacking(chunk)
        after = chunk[-1]


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


def _refusal(collection: str, listed: int, existing: int, missing: int, settings: Settings) -> str | None:
    """Return why the listing is refused, or None."""
    if not missing or (listed and missing * 100 <= existing * settings.shrink_guard_percent):
        return None
    return (
        f"The ERP lists {listed} {collection}; {missing} of the {existing} in the feed are missing there "
        f"(more than {settings.shrink_guard_percent} percent). Nothing was deleted. If they are really gone, "
        f"run `satchel sweep {collection} --accept-shrink`; if not, check the connection"
    )


def _delete(sessions: Sessions, connector: str, collection: str, keys: list[str], before: int) -> int:
    deleted = 0
    for chunk in _chunks(keys):
        with sessions() as session, session.begin():
            validation.release(session, connector, collection, chunk)
            # Lock the feed before reading: a record that a reading publishes after this must survive. `publish`
            # takes positions once more, because a chunk without deletions must not raise the position.
            positions.take(session, 0)
            live = set(session.scalars(_live_up_to(collection, before).where(FeedRow.key.in_(chunk))))
            if live:
                publish(session, [Gone(collection, key) for key in sorted(live)])
            deleted += len(live)
    if deleted:
        log.info("%d %s were deleted in the ERP", deleted, collection)
    return deleted


def _live_up_to(collection: str, position: int) -> Select[str]:
    return select(FeedRow.key).where(
        FeedRow.collection == collection, FeedRow.body.is_not(None), FeedRow.position <= position
    )
