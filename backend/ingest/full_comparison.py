"""The comparison: read everything again beside the watermark and compare row hashes with the feed's.

Reading only what changed can miss a change: the ERP does not stamp it, its clock was set back, its database was
restored from a backup. A record that differs may have changed a moment ago. So the collection is first read to
its end as usual; what differs even then was missed. It is published and counted. The sweep finds deletions.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.clock import Clock
from backend.database.core import Sessions
from backend.erp.call_metrics import measured
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
    """The result of one slice of a comparison; *missed* records were published."""

    collection: str
    pages: int = 0
    records: int = 0
    missed: int = 0
    complete: bool = False
    """Whether it reached the end of the collection."""
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
    """Compare at most *most_pages* pages of *collection*, from where an unfinished comparison stopped.

    Each page is a checkpoint. If the ERP fails, the slice ends with a `failure`; database errors are raised.
    """
    done = Comparison(collection)
    watermark_id = (connector.name, collection)
    with sessions() as session, session.begin():
        value = watermarks.ensure(session, *watermark_id).compare_value
    try:
        while not (done.complete or stop() or done.pages == most_pages):
            with measured(connector.name, "read"):
                page = connector.read(collection, value, PAGE)
            if page.more and page.watermark == value:
                raise ErpError(
                    ErrorClass.UNKNOWN,
                    f"The connector reports more {collection} but returns the same watermark, {value!r}. "
                    "This is a bug in the connector.",
                )
            parts = validation.partition(COLLECTIONS[collection], page)
            bad_ids = [validation.row_id(row.external_id) for row in parts.bad]
            with sessions() as session:
                keys = diff.differing(session, COLLECTIONS[collection], parts.good)
                quarantined = validation.attempts_at(session, *watermark_id, bad_ids)
            keys += [id for id in bad_ids if id not in quarantined]
            missed = _repair(sessions, connector, collection, keys, clock, settings, stop) if keys else 0
            if missed is None:
                return done
            value = page.watermark if page.more else None
            with sessions() as session, session.begin():
                watermarks.compared(session, *watermark_id, value, missed, None if page.more else clock.now())
            done.pages += 1
            done.records += len(page.records)
            done.missed += missed
            done.complete = not page.more
            progress(done.records, page.total)
    except ErpError as error:
        done.failure, done.error_class = error.message, error.error_class
    if done.missed:
        log.warning(
            "%s of %s: %d records had changed and were missed by reading; they are published now",
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
    """Return how many of *keys* were missed and are now published; None if this cannot be decided now."""
    reading = import_collection(sessions, connector, collection, clock=clock, settings=settings, stop=stop)
    if reading.failure is not None:
        raise ErpError(reading.error_class or ErrorClass.UNKNOWN, reading.failure)
    if not reading.complete:
        return None
    missed = 0
    for start in range(0, len(keys), MAX_KEYS):
        result = reread(sessions, connector, collection, keys[start : start + MAX_KEYS], clock=clock)
        if result.overtaken:
            return None
        missed += result.changed
    return missed
