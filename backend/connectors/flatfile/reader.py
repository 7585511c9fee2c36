"""Reading: page after page of the newest valid export."""

import threading
from collections.abc import Iterator, Sequence

from backend.clock import Clock
from backend.connectors.flatfile.errors import broken_export, from_os_error
from backend.connectors.flatfile.exports import Broken, Export, is_misdated, misdated, newest_first
from backend.connectors.flatfile.files import COLLECTION_FILES
from backend.connectors.flatfile.layout import Layout, moment_of
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.snapshot import Snapshot
from backend.connectors.flatfile.watermark import Watermark, read_watermark
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage


class Reader:
    """Reads collections from the exports. One snapshot stays open between two pages. Thread-safe."""

    def __init__(self, layout: Layout, options: Options, clock: Clock) -> None:
        self._layout = layout
        self._options = options
        self._clock = clock
        self._open: Snapshot | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the open snapshot."""
        with self._lock:
            self._close()

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark*.

        If the newest export is broken, or one is misdated, the others are read first; then the fault is raised
        as `ErpError`. Reading never goes back to an older export.
        """
        mark = read_watermark(watermark)
        if mark is not None and is_misdated(mark.export, self._clock.now()):
            mark = None  # every right export is older
        with self._lock:
            try:
                return self._read(collection, mark, max(1, limit))
            except OSError as error:
                raise from_os_error(error) from error

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Return the records under *keys* (or places such as `customers.csv:17`) in the newest export that has
        *collection*. Raises `ErpError`."""
        with self._lock:
            try:
                rows = self._newest(collection).again(keys)
            except OSError as error:
                raise from_os_error(error) from error
        return ReadPage(tuple(rows.records), "", more=False, bad=tuple(rows.bad), sources=tuple(rows.sources))

    def keys(self, collection: str) -> Iterator[str]:
        """Yield the keys of *collection* in the newest export that has it.

        Raises `ErpError` if that export is broken or has rows whose key cannot be read, because an incomplete
        listing would delete existing records; and if another export replaces it meanwhile.
        """
        content, after = None, ""
        while True:
            with self._lock:
                try:
                    snapshot = self._newest(collection)
                    self._check_listing(snapshot, content)
                    content, keys = snapshot.content, snapshot.keys_after(after)
                except OSError as error:
                    raise from_os_error(error) from error
            if not keys:
                return
            yield from keys
            after = keys[-1]

    def _check_listing(self, snapshot: Snapshot, content: str | None) -> None:
        if snapshot.unkeyed:
            raise broken_export(
                f"export {snapshot.export.name}: {snapshot.unkeyed} rows of {snapshot.collection} have no "
                "valid key, so deletions cannot be found; see the quarantine and write a new export"
            )
        if content not in (None, snapshot.content):
            message = f"export {snapshot.export.name} arrived while the keys of another were listed; try again"
            raise ErpError(ErrorClass.TRANSIENT, message)

    def _read(self, collection: str, mark: Watermark | None, limit: int) -> ReadPage:
        unfinished = self._unfinished(collection, mark)
        if unfinished is not None and mark is not None:
            return self._page(unfinished, mark.row, limit)
        fault: ErpError | None = None
        for export in self._finished(collection):
            if mark and moment_of(_name(export)) < moment_of(mark.export):
                break
            if isinstance(export, Broken):
                fault = fault or export.fault
                continue
            same = mark is not None and mark.content == export.fingerprint(collection, self._options.dialect)
            if mark and same and mark.done:
                fault = fault or self._misdated(collection)
                if fault:
                    break
                return ReadPage((), str(mark), more=False)
            try:
                return self._page(self._snapshot(export, collection), mark.row if mark and same else 0, limit)
            except ErpError as error:
                fault = fault or error
        fault = fault or self._misdated(collection)
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
            str(Watermark(snapshot.export.name, snapshot.content, end, done)),
            more=not done,
            bad=tuple(rows.bad),
            sources=tuple(rows.sources),
            complete_listing=done and not snapshot.unkeyed and self._is_newest(snapshot),
            total=len(snapshot),
        )

    def _finished(self, collection: str) -> Iterator[Export | Broken]:
        """Yield the finished exports that have, or may have, *collection*, newest first."""
        for export in newest_first(self._layout, self._clock.now()):
            if isinstance(export, Broken):
                yield export
            elif isinstance(export, Export):
                try:
                    if export.holds(collection):
                        yield export
                except ErpError as fault:
                    yield Broken(export.path, fault)

    def _misdated(self, collection: str) -> ErpError | None:
        """Return the fault of a misdated export that has *collection*: its data may be missing here."""
        for export in misdated(self._layout, self._clock.now()):
            try:
                if export.export.holds(collection):
                    return export.fault
            except ErpError as fault:
                return fault
        return None

    def _unfinished(self, collection: str, mark: Watermark | None) -> Snapshot | None:
        """Return the snapshot that *mark* points into, if it still exists.

        It is read to its end; otherwise an ERP that exports faster than Satchel reads is never read completely.
        """
        if mark is None or mark.done:
            return None
        if self._open is not None and (self._open.collection, self._open.content) == (collection, mark.content):
            return self._open
        for export in self._finished(collection):
            if isinstance(export, Export) and export.name == mark.export:
                if export.fingerprint(collection, self._options.dialect) != mark.content:
                    return None
                try:
                    return self._snapshot(export, collection)
                except ErpError:
                    return None
        return None

    def _newest(self, collection: str) -> Snapshot:
        for export in self._finished(collection):
            if isinstance(export, Broken):
                raise export.fault
            return self._snapshot(export, collection)
        raise self._nothing_yet(collection)

    def _is_newest(self, snapshot: Snapshot) -> bool:
        newest = next(self._finished(snapshot.collection), None)
        return (
            isinstance(newest, Export)
            and newest.fingerprint(snapshot.collection, self._options.dialect) == snapshot.content
        )

    def _snapshot(self, export: Export, collection: str) -> Snapshot:
        content = export.fingerprint(collection, self._options.dialect)
        if self._open is not None and (self._open.collection, self._open.content) == (collection, content):
            return self._open
        self._close()
        self._open = Snapshot(export, collection, self._options)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _nothing_yet(self, collection: str) -> ErpError:
        return ErpError(
            ErrorClass.TRANSIENT,
            f"no finished export in {self._layout.from_erp} has {COLLECTION_FILES[collection][0].name}. "
            f"If the ERP never exports it, remove {collection} from SATCHEL_ERP_COLLECTIONS",
        )


def _name(export: Export | Broken) -> str:
    return export.path.name
