"""Read one collection page by page: everything once, then what has changed.

Tryton stamps a row with the start of its transaction, so a row of a slow transaction gets an older stamp
than one that is already visible. So an incremental read begins `overlap` before the newest stamp read. After
a time of that length without news it begins at the stamp itself. That time is measured by our own clock, so
that zones and clock skew do not matter.

A read of several calls may pass a place behind which a slow transaction commits afterwards, and then reach rows
that are much newer. So it ends at the newest row that there was before its first call.
"""

import datetime as dt
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from backend.clock import AHEAD
from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.mapper import READS
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Translated, translate
from backend.connectors.tryton.sources import Source, Trigger
from backend.connectors.tryton.watermark import Cursor, Place, Watermark, earlier, stamp_text
from backend.erp.records import ReadPage

log = logging.getLogger(__name__)

OVERLAP_IDS = 200
"""If rows are followed by id: how many ids a slow transaction may be behind."""
MAX_PRINTED = 1000
MAX_CALLS = 20
"""Most calls of one reading to find what has changed."""


class IncrementalReader:
    """Reads sources. It has settings only; all state is in the watermark."""

    def __init__(
        self,
        client: Client,
        *,
        page: int,
        overlap: float,
        refresh: float,
        snapshot: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        """*overlap*, *refresh* and *snapshot* are in seconds; *page* is the most rows requested in one call."""
        self._client = client
        self._page = page
        self._overlap = overlap
        self._refresh = refresh
        self._snapshot = snapshot
        self._now = now

    def read(self, source: Source, watermark: str | None, limit: int) -> ReadPage:
        """Return the next page of *source*. Raises `ErpError`."""
        mark = Watermark.parse(watermark, len(source.triggers))
        if mark is None or self._misdated(mark):
            mark = self._from_start(source)
        limit = max(1, limit)
        if not mark.todo:
            self._find_roots(source, mark, max(1, min(self._page, limit // source.records_per_root)))
        page = self._next_page(source, mark, limit) if mark.todo else Translated()
        ended, total = mark.ending and not mark.todo, mark.total
        if ended:
            mark.ending, mark.total = False, None
        more = bool(mark.todo) or mark.after is not None or mark.trigger is not None
        return ReadPage(
            records=tuple(page.records), sources=tuple(page.sources), watermark=mark.text(), more=more,
            gone=tuple(page.gone), bad=tuple(page.bad), complete_listing=ended, total=total,
        )  # fmt: skip

    def reread(self, source: Source, keys: Sequence[str]) -> ReadPage:
        """Return the records of the roots that *keys* belong to, whatever was read before."""
        roots = source.roots_of(self._client, keys)
        size = max(1, self._page // source.records_per_root)
        page = Translated()
        for start in range(0, len(roots), size):
            chunk = roots[start : start + size]
            page.add(self._translate(source, chunk))
        return ReadPage(
            records=tuple(page.records), sources=tuple(page.sources), watermark="", more=False,
            gone=tuple(page.gone), bad=tuple(page.bad),
        )  # fmt: skip

    def keys(self, source: Source) -> Iterator[str]:
        """Yield the keys of all records."""
        after = -1
        while ids := source.ids(self._client, after, self._page):
            yield from source.keys(self._client, ids)
            after = ids[-1]

    def _next_page(self, source: Source, mark: Watermark, limit: int) -> Translated:
        size = max(1, min(self._page, limit // source.records_per_root))
        chunk = mark.todo[:size]
        translated = self._translate(source, chunk)
        start, end = mark.skip, mark.skip + limit
        if end < len(translated.records):
            mark.skip = end
        else:
            mark.todo, mark.skip = mark.todo[size:], 0
        records, sources = translated.records[start:end], translated.sources[start:end]
        if start:
            return Translated(records, sources)
        return Translated(records, sources, translated.gone, translated.bad)

    def _translate(self, source: Source, roots: list[int]) -> Translated:
        return translate(
            source.collection,
            READS[source.collection].record,
            lambda ids: source.items(self._client, ids),
            roots,
            lambda: source.beside(self._client, roots),
        )

    def _from_start(self, source: Source) -> Watermark:
        """Store the position of every trigger, then begin: what changes meanwhile is found later."""
        now = self._now()
        return Watermark([self._newest(trigger, now) for trigger in source.triggers], full_at=now, after=-1)

    def _newest(self, trigger: Trigger, now: float) -> Cursor:
        place = self._newest_place(trigger)
        if place is None:
            return Cursor(None, -1, now)
        cursor = Cursor(*place, now)
        if trigger.everything:
            cursor.print = self._fingerprint(trigger, cursor)
        return cursor

    def _newest_place(self, trigger: Trigger) -> Place | None:
        """Return the position of the trigger's newest row that is not dated ahead."""
        newest = [(name, "DESC") for name, _ in trigger.order]
        stamped: Domain = [["write_date", "!=", None]] if trigger.stamp == "write_date" else []
        stamped += [[trigger.stamp, "<=", self._latest()]] if trigger.stamp else []
        rows = self._rows(trigger, [*trigger.domain, *stamped], 1, newest)
        return trigger.place_of(rows[0]) if rows else None

    def _rows(self, trigger: Trigger, domain: Domain, limit: int, order: list[tuple[str, str]]) -> list[Row]:
        """Return rows of the trigger's model, deactivated ones too, because deactivating is a change."""
        fields = [*trigger.fields, *([trigger.stamp] if trigger.stamp else [])]
        context = {"active_test": False}
        return self._client.search_read(
            trigger.model, domain, fields, limit=limit, order=order, context=context
        )

    def _fingerprint(self, trigger: Trigger, cursor: Cursor) -> str:
        """Return a fingerprint of the rows within the overlap."""
        domain = trigger.after(self._before(cursor))
        rows = self._rows(trigger, domain, MAX_PRINTED, trigger.order)
        positions = json.dumps([trigger.place_of(row) for row in rows])
        return hashlib.sha256(positions.encode()).hexdigest()[:16]

    def _find_roots(self, source: Source, mark: Watermark, size: int) -> None:
        """Fill `todo` with the next roots."""
        age = self._now() - mark.full_at
        if mark.after is None and mark.trigger is None:
            if age >= (self._snapshot if source.snapshot else self._refresh):
                fresh = self._from_start(source)
                mark.cursors, mark.full_at, mark.after = fresh.cursors, fresh.full_at, fresh.after
            elif source.triggers:
                mark.began = self._now()
                self._next(source, mark)
        if mark.after is not None:
            if mark.after < 0:
                mark.total = source.count(self._client)
            ids = source.ids(self._client, mark.after, size)
            mark.todo = ids
            mark.after = ids[-1] if len(ids) == size else None
            mark.ending = mark.after is None
            return
        for _ in range(MAX_CALLS):
            if mark.trigger is None or len(mark.todo) >= size:
                return
            self._step(source, mark)

    def _step(self, source: Source, mark: Watermark) -> None:
        """Read the next rows of one trigger."""
        if mark.trigger is None or mark.place is None:
            raise ValueError("no trigger is being followed")
        trigger, cursor = source.triggers[mark.trigger], mark.cursors[mark.trigger]
        if trigger.everything:
            self._all_or_nothing(source, trigger, cursor, mark)
            return
        rows = self._rows(trigger, trigger.after(mark.place), self._page, trigger.order)
        if len(rows) == self._page and mark.horizon is None:
            # More calls follow, so this one is repeated after the newest row is known.
            mark.horizon = self._newest_place(trigger) or mark.place
            rows = self._rows(trigger, trigger.after(mark.place), self._page, trigger.order)
        places = [trigger.place_of(row) for row in rows]
        right = [place for place in places if not self._is_ahead(place[0])]
        if len(right) < len(places) and not self._is_ahead(mark.place[0]):
            # Rows that are dated ahead are the last. They are read in every turn; the cursor stays before them.
            log.warning("%s %d of Tryton is dated ahead: %s", trigger.model, places[-1][1], places[-1][0])
            self._end(cursor, right[-1] if right else mark.place, mark)
        if rows:
            mark.place = places[-1]
            mark.todo = sorted({*mark.todo, *trigger.roots(self._client, rows)})
        if len(rows) == self._page:
            return
        if not self._is_ahead(mark.place[0]):
            self._end(cursor, mark.place, mark)
        self._next(source, mark)

    def _all_or_nothing(self, source: Source, trigger: Trigger, cursor: Cursor, mark: Watermark) -> None:
        """Begin from the start if a row has changed.

        The overlap contains known rows, so compare fingerprints.
        """
        old = self._is_old(cursor, mark.began)
        if old and not cursor.settled and cursor.id >= 0:
            changed = self._fingerprint(trigger, cursor) != cursor.print
        else:
            rows = self._rows(trigger, trigger.after((cursor.stamp, cursor.id)), 1, trigger.order)
            changed = bool(rows)
            if rows and self._is_ahead(trigger.place_of(rows[0])[0]):
                # Rows that are dated ahead are always after the cursor; the fingerprint shows new ones.
                changed = self._fingerprint(trigger, cursor) != cursor.print
        if changed:
            mark.__dict__.update(self._from_start(source).__dict__)
            return
        cursor.settled = cursor.settled or old
        self._next(source, mark)

    def _next(self, source: Source, mark: Watermark) -> None:
        """Continue with the next trigger, or end the incremental read."""
        following = 0 if mark.trigger is None else mark.trigger + 1
        mark.horizon = None
        if following == len(source.triggers):
            mark.trigger = mark.place = None
        else:
            mark.trigger = following
            mark.place = self._begin(mark.cursors[following])

    def _begin(self, cursor: Cursor) -> Place:
        """Return the position at which an incremental read begins to follow a trigger."""
        return (cursor.stamp, cursor.id) if cursor.settled or cursor.id < 0 else self._before(cursor)

    def _before(self, cursor: Cursor) -> Place:
        """Return the position *overlap* before *cursor*."""
        if cursor.stamp is None:
            return None, max(-1, cursor.id - OVERLAP_IDS)
        return earlier(cursor.stamp, self._overlap), -1

    def _end(self, cursor: Cursor, place: Place, mark: Watermark) -> None:
        """Store how far a trigger was followed up to *place*, the end of its rows."""
        if mark.horizon is not None:
            place = min(place, mark.horizon, key=_order)
        if _order(place) > _order((cursor.stamp, cursor.id)):
            # Now, not when the read began: a row of the newest stamp may commit for as long as the overlap.
            cursor.stamp, cursor.id, cursor.since, cursor.settled = *place, self._now(), False
        elif self._is_old(cursor, mark.began):
            cursor.settled = True

    def _is_old(self, cursor: Cursor, now: float) -> bool:
        return now - cursor.since >= self._overlap

    def _latest(self) -> dt.datetime:
        """Return the latest time that a row can have: a day ahead of now, which covers all time zones."""
        return (dt.datetime.fromtimestamp(self._now(), dt.UTC) + AHEAD).replace(tzinfo=None)

    def _is_ahead(self, stamp: str | None) -> bool:
        return stamp is not None and stamp > stamp_text(self._latest())

    def _misdated(self, mark: Watermark) -> bool:
        """Say whether *mark* has a time of a clock that was ahead: Tryton's, or ours."""
        ours = (mark.full_at, mark.began, *(cursor.since for cursor in mark.cursors))
        latest = self._now() + AHEAD.total_seconds()
        return max(ours) > latest or any(self._is_ahead(cursor.stamp) for cursor in mark.cursors)


def _order(place: Place) -> tuple[str, int]:
    """Return what places of one model are compared by."""
    return place[0] or "", place[1]
