"""Reading: page after page of the newest drop that can be believed."""

import threading
from collections.abc import Iterator, Sequence

from backend.connectors.flatfile.errors import broken_drop, out_of_reach
from backend.connectors.flatfile.exports import Broken, Export, newest_first
from backend.connectors.flatfile.files import COLLECTION_FILES
from backend.connectors.flatfile.layout import Layout, moment_of
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.snapshot import Snapshot
from backend.connectors.flatfile.watermark import Watermark, read_watermark
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage


class Reader:
    """Reads collections from the drops. One snapshot is kept open between two pages; safe among threads."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options
        self._open: Snapshot | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the open snapshot."""
        with self._lock:
            self._let_go()

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark*.

        A newest drop that is broken does not hide an older one that has not been read yet; it is raised
        as `ErpError` when nothing else is left to read. Reading never goes back to an older drop.
        """
        mark = read_watermark(watermark)
        with self._lock:
            try:
                return self._read(collection, mark, max(1, limit))
            except OSError as error:
                raise out_of_reach(error) from error

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Return what the newest drop that has *collection* holds under *keys*, and at places such as
        `customers.csv:17`. Raises `ErpError`."""
        with self._lock:
            try:
                rows = self._newest(collection).again(keys)
            except OSError as error:
                raise out_of_reach(error) from error
        return ReadPage(tuple(rows.records), "", more=False, bad=tuple(rows.bad), sources=tuple(rows.sources))

    def keys(self, collection: str) -> Iterator[str]:
        """Yield the keys of *collection* in the newest drop that has it.

        Raises `ErpError` where that drop is broken, or has rows whose key cannot be read: a listing
        with holes would delete what exists. A drop that is replaced meanwhile is no listing either.
        """
        content, after = None, ""
        while True:
            with self._lock:
                try:
                    snapshot = self._newest(collection)
                    self._check_listing(snapshot, content)
                    content, keys = snapshot.content, snapshot.keys_after(after)
                except OSError as error:
                    raise out_of_reach(error) from error
            if not keys:
                return
            yield from keys
            after = keys[-1]

    def _check_listing(self, snapshot: Snapshot, content: str | None) -> None:
        if snapshot.unkeyed:
            raise broken_drop(
                f"drop {snapshot.drop.name}: {snapshot.unkeyed} rows of {snapshot.collection} have no key that "
                "can be read, so it is not known what is gone; see the quarantine, and drop a new snapshot"
            )
        if content not in (None, snapshot.content):
            words = f"drop {snapshot.drop.name} came while the keys of another were listed; list them again"
            raise ErpError(ErrorClass.TRANSIENT, words)

    def _read(self, collection: str, mark: Watermark | None, limit: int) -> ReadPage:
        begun = self._begun(collection, mark)
        if begun is not None and mark is not None:
            return self._page(begun, mark.row, limit)
        fault: ErpError | None = None
        for drop in self._finished(collection):
            if mark and moment_of(_name(drop)) < moment_of(mark.drop):
                break
            if isinstance(drop, Broken):
                fault = fault or drop.fault
                continue
            same = mark is not None and mark.content == drop.fingerprint(collection, self._options.dialect)
            if mark and same and mark.done:
                if fault:
                    break
                return ReadPage((), str(mark), more=False)
            try:
                return self._page(self._snapshot(drop, collection), mark.row if mark and same else 0, limit)
            except ErpError as error:
                fault = fault or error
        if fault:
            raise fault
        if mark:
            return ReadPage((), str(mark), more=False)
        raise self._nothing_yet(collection)

    def _page(self, snapshot: Snapshot, start: int, limit: int) -> ReadPage:
        rows = snapshot.records(start, start + limit)
        end = min(start + limit, len(snapshot))
        done = end == len(snapshot)
        if done:
            rows.bad += snapshot.orphans()
        return ReadPage(
            tuple(rows.records),
            str(Watermark(snapshot.drop.name, snapshot.content, end, done)),
            more=not done,
            bad=tuple(rows.bad),
            sources=tuple(rows.sources),
            complete_listing=done and not snapshot.unkeyed and self._is_newest(snapshot),
            total=len(snapshot),
        )

    def _finished(self, collection: str) -> Iterator[Export | Broken]:
        """Yield the finished drops that have *collection*, or may have, the newest first."""
        for drop in newest_first(self._layout):
            if isinstance(drop, Broken):
                yield drop
            elif isinstance(drop, Export):
                try:
                    if drop.holds(collection):
                        yield drop
                except ErpError as fault:
                    yield Broken(drop.path, fault)

    def _begun(self, collection: str, mark: Watermark | None) -> Snapshot | None:
        """Return the snapshot that *mark* is in the middle of, if it is still there: it is read to its end,
        or an ERP that drops faster than we read would never be read to the end."""
        if mark is None or mark.done:
            return None
        if self._open is not None and (self._open.collection, self._open.content) == (collection, mark.content):
            return self._open
        for drop in self._finished(collection):
            if isinstance(drop, Export) and drop.name == mark.drop:
                if drop.fingerprint(collection, self._options.dialect) != mark.content:
                    return None
                try:
                    return self._snapshot(drop, collection)
                except ErpError:
                    return None
        return None

    def _newest(self, collection: str) -> Snapshot:
        for drop in self._finished(collection):
            if isinstance(drop, Broken):
                raise drop.fault
            return self._snapshot(drop, collection)
        raise self._nothing_yet(collection)

    def _is_newest(self, snapshot: Snapshot) -> bool:
        newest = next(self._finished(snapshot.collection), None)
        return (
            isinstance(newest, Export)
            and newest.fingerprint(snapshot.collection, self._options.dialect) == snapshot.content
        )

    def _snapshot(self, drop: Export, collection: str) -> Snapshot:
        content = drop.fingerprint(collection, self._options.dialect)
        if self._open is not None and (self._open.collection, self._open.content) == (collection, content):
            return self._open
        self._let_go()
        self._open = Snapshot(drop, collection, self._options)
        return self._open

    def _let_go(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _nothing_yet(self, collection: str) -> ErpError:
        return ErpError(
            ErrorClass.TRANSIENT,
            f"no finished drop in {self._layout.from_erp} has {COLLECTION_FILES[collection][0].name}. "
            f"If the ERP never exports it, leave {collection} out of SATCHEL_ERP_COLLECTIONS",
        )


def _name(drop: Export | Broken) -> str:
    return drop.path.name
