"""`check()`: the state of the shared folder, in sentences for the operator."""

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path

from backend.connectors.flatfile.acknowledgement_file import AckFault, AckUnfinished, read_answer
from backend.connectors.flatfile.acknowledgements import NAMED, REASON
from backend.connectors.flatfile.errors import file_fault, is_of_one_file
from backend.connectors.flatfile.exports import Broken, Export, Unfinished, misdated, newest_first
from backend.connectors.flatfile.files import COLLECTION_FILES
from backend.connectors.flatfile.layout import Layout
from backend.connectors.flatfile.options import Options
from backend.erp.errors import ErpError
from backend.erp.records import Health
from backend.files import read_file
from sync_protocol.local_time import local_time

FORM = "flat files 1"
EXPORTS_CHECKED = 10


def check(layout: Layout, options: Options, now: dt.datetime) -> Health:
    """Return the state of the exchange. A folder has no clock: `server_time` is that of the newest export."""
    problems = list(_folders(layout))
    if problems:
        return Health(FORM, None, tuple(problems))
    newest: dt.datetime | None = None
    notes: list[str] = []
    try:
        newest = _exports(layout, options, now, problems, notes)
        notes += _left_behind(layout, options)
    except OSError as error:
        problems.append(f"{error.filename or layout.folder} cannot be read: {error.strerror or error}")
    return Health(FORM, newest, tuple(problems), tuple(notes))


def _folders(layout: Layout) -> Iterator[str]:
    if not layout.folder.is_dir():
        yield f"there is no folder {layout.folder}: mount the share or correct SATCHEL_ERP_FOLDER"
        return
    for folder in layout.folders:
        if not folder.is_dir():
            yield f"there is no folder {folder}: create it, and allow the ERP and Satchel to write to it"
        elif folder != layout.from_erp and not os.access(folder, os.W_OK | os.X_OK):
            yield f"Satchel may not write to {folder}: give its user the right"
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield f"Satchel may not read {folder}: give its user the right"


def _exports(
    layout: Layout, options: Options, now: dt.datetime, problems: list[str], notes: list[str]
) -> dt.datetime | None:
    """Check the newest exports only. Return the time of the newest finished one."""
    collections = set(options.collections)
    newest: Export | None = None
    notes += [export.fault.message for export in misdated(layout, now)]
    for count, export in enumerate(newest_first(layout, now)):
        if not collections or (newest and count >= EXPORTS_CHECKED):
            break
        if isinstance(export, Unfinished):
            if newest is None and (now - export.since).total_seconds() > options.unfinished_seconds:
                problems.append(
                    f"export {export.path.name} has had no manifest.json since {local_time(export.since)} "
                    "and is not read: the ERP failed while writing it"
                )
            continue
        if isinstance(export, Broken):
            if newest is None:
                problems.append(export.fault.message)
            continue
        for collection in sorted(collections):
            try:
                if export.holds(collection):
                    collections.discard(collection)
                    for file in COLLECTION_FILES[collection]:
                        export.verify(file)
            except ErpError as fault:
                problems.append(fault.message)
                collections.discard(collection)
        newest = newest or export
    if newest is None:
        problems.append(f"there is no finished export in {layout.from_erp}: start an export in the ERP")
        return None
    for collection in sorted(collections):
        problems.append(
            f"no recent export has {COLLECTION_FILES[collection][0].name}; export it, or remove {collection} "
            "from SATCHEL_ERP_COLLECTIONS"
        )
    made = newest.manifest.generated_at
    hours = (now - made).total_seconds() / 3600
    if hours > options.snapshot_hours:
        notes.append(f"the newest export, {newest.name}, is {hours:.0f} hours old: check the ERP's export job")
    return made


def _left_behind(layout: Layout, options: Options) -> Iterator[str]:
    before = time.time() - options.unfinished_seconds
    for folder in (layout.to_erp, layout.acks):
        stale = [path.name for path in _files(folder) if path.suffix == ".tmp" and _changed(path) < before]
        if stale:
            yield (
                f"{folder} has {len(stale)} unfinished temporary files, such as {min(stale)}: "
                "their writer was stopped; you can delete them"
            )
    unusable = list(_unusable(layout, options))
    if unusable:
        yield (
            f"{layout.acks} has {len(unusable)} acknowledgements that cannot be used and are left there, "
            f"such as {unusable[0]}"
        )
    reasons = sorted(path for path in _files(layout.rejected) if path.name.endswith(REASON))
    if reasons:
        first = read_file(reasons[0]).decode("utf-8", "replace").strip()[:200]
        yield (
            f"{layout.rejected} has {len(reasons)} files of the ERP that could not be used, such as "
            f"{reasons[0].name.removesuffix(REASON)}: {first}"
        )


def _unusable(layout: Layout, options: Options) -> Iterator[str]:
    """Yield the name of each acknowledgement that cannot be used through no fault of its own, and why."""
    for path in sorted(_files(layout.acks)):
        if (match := NAMED.fullmatch(path.name)) and path.suffix == ".csv":
            try:
                read_answer(layout, options, match["stem"])
            except (AckFault, AckUnfinished, FileNotFoundError):
                continue
            except ErpError as error:
                yield f"{path.name}: {error.message}"
            except OSError as error:
                if not is_of_one_file(error):
                    raise
                yield f"{path.name}: {file_fault(error).message}"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
