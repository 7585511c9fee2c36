"""The comparison: everything is read again beside the watermark, and its row hashes compared with the feed's.

Reading what changed can miss a change: an ERP that does not stamp it, a clock that went back, a database put
back from a backup. A record that differs is not yet a miss, since it may have changed a moment ago; so the
collection is first read to its end as usual, and only what differs even then was missed. It is mended and
counted. Deletions are the sweep's.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.clock import Clock
from backend.database.core import Sessions
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.ingest import diff, validation, watermarks
from backend.ingest.importer import PAGE, Progress, import_collection
from backend.ingest.reread import MAX_KEYS, reread
from backend.settings import Settings
from sync_protocol.catalogue import COLLECTIONS

log = logging.getLogger(__name__)


@dataclass
class Comparison:
    """What one turn of a comparison did; *missed* records were mended."""

    collection: str
    pages: int = 0
    records: int = 0
    missed: int = 0
    complete: bool = False
    """Whether it came to the end of the collection."""
    failure: str | None = None
    error_class: ErrorClass | None = None


def compare(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    *,
    clock: Clock,
    settings: Settings,
    most_pages: int | None = None,
    progress: Progress = lambda records, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Compare *collection*, from where an unfinished comparison stopped; at most *most_pages* pages of it.

    Each page is a checkpoint. An ERP that fails ends the turn with a `failure`; database errors are raised.
    """
    done = Comparison(collection)
    ours = (connector.name, collection)
    with sessions() as session, session.begin():
        value = watermarks.ensure(session, *ours).compare_value
    try:
        while not (done.complete or stop() or done.pages == most_pages):
            page = connector.read(collection, value, PAGE)
            if page.more and page.watermark == value:
                raise ErpError(ErrorClass.UNKNOWN, f"The connector reads {collection} in a circle")
            good, bad, _ = validation.partition(COLLECTIONS[collection], page)
            broken = [row.external_id[: validation.LONGEST_ID] for row in bad]
            with sessions() as session:
                keys = diff.differing(session, COLLECTIONS[collection], good)
                known = validation.attempts_at(session, *ours, broken)
            keys += [key for key in broken if key not in known]
            missed = _repair(sessions, connector, collection, keys, clock, settings, stop) if keys else 0
            if missed is None:
                return done
            value = page.watermark if page.more else None
            with sessions() as session, session.begin():
                watermarks.compared(session, *ours, value, missed, None if page.more else clock.now())
            done.pages += 1
            done.records += len(page.records)
            done.missed += missed
            done.complete = not page.more
            progress(done.records, page.total)
    except ErpError as error:
        done.failure, done.error_class = error.message, error.error_class
    if done.missed:
        log.warning(
            "%s of %s: %d records had changed and were missed by reading; they are mended",
            collection, connector.name, done.missed,
        )  # fmt: skip
    return done


def _repair(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    keys: Sequence[str],
    clock: Clock,
    settings: Settings,
    stop: Callable[[], bool],
) -> int | None:
    """Return how many of *keys* were missed and are mended; None if that could not be found out now."""
    usual = import_collection(sessions, connector, collection, clock=clock, settings=settings, stop=stop)
    if usual.failure is not None:
        raise ErpError(usual.error_class or ErrorClass.UNKNOWN, usual.failure)
    if not usual.complete:
        return None
    missed = 0
    for start in range(0, len(keys), MAX_KEYS):
        again = reread(sessions, connector, collection, keys[start : start + MAX_KEYS], clock=clock)
        if again.overtaken:
            return None
        missed += again.changed
    return missed
