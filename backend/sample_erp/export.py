"""The sample ERP's exports: one with all files whenever something has changed."""

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
from pathlib import Path

from backend.clock import instant
from backend.connectors.flatfile.files import ALL_FILES, File
from backend.connectors.flatfile.layout import EXPORT, EXPORT_MANIFEST, Layout, moment_of
from backend.failpoints import failpoint
from backend.files import sync_folder, write_atomically, write_synced
from backend.sample_erp.database import SampleDatabase

KEPT = 10
AT_LEAST_EVERY = dt.timedelta(hours=1)


def write_export(layout: Layout, db: SampleDatabase, now: dt.datetime) -> str | None:
    """Write an export unless the last one has the same content and is recent; return its name.

    The database is locked meanwhile, so that the files agree with each other and two processes export one
    after the other.
    """
    with db.transaction():
        contents = {file.name: _csv(db, file) for file in ALL_FILES.values()}
        digests = {name: hashlib.sha256(content).hexdigest() for name, (_, content) in contents.items()}
        last = _last(layout)
        before = _digests(last)
        if before == digests and last and now - _made(last) < AT_LEAST_EVERY:
            return None
        folder = layout.from_erp / _free_name(last, now)
        folder.mkdir()
        for name, (_, content) in contents.items():
            if last and before.get(name) == digests[name] and _linked(last / name, folder / name):
                continue
            write_synced(folder / name, [content])
        sync_folder(folder)
        manifest = {
            "generated_at": instant(now),
            "files": {name: {"rows": rows, "sha256": digests[name]} for name, (rows, _) in contents.items()},
        }
        failpoint("sample_erp.before_export_manifest")
        write_atomically(folder / EXPORT_MANIFEST, [json.dumps(manifest, indent=1).encode()])
        sync_folder(layout.from_erp)
        _clear_away(layout)
    return folder.name


def _csv(db: SampleDatabase, file: File) -> tuple[int, bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(file.columns)
    rows = 0
    for row in db.export(file):
        writer.writerow(row)
        rows += 1
    return rows, out.getvalue().encode()


def _exports(layout: Layout) -> list[Path]:
    folders = [folder for folder in layout.from_erp.iterdir() if EXPORT.fullmatch(folder.name)]
    return sorted(folders, key=lambda folder: moment_of(folder.name))


def _last(layout: Layout) -> Path | None:
    finished = [folder for folder in _exports(layout) if (folder / EXPORT_MANIFEST).exists()]
    return finished[-1] if finished else None


def _digests(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    manifest = json.loads((folder / EXPORT_MANIFEST).read_bytes())
    return {name: entry["sha256"] for name, entry in manifest["files"].items()}


def _made(folder: Path) -> dt.datetime:
    made = json.loads((folder / EXPORT_MANIFEST).read_bytes())["generated_at"]
    return dt.datetime.fromisoformat(made)


def _free_name(last: Path | None, now: dt.datetime) -> str:
    """Return a name later than that of the last export, even if the clock was set back."""
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if last:
        text = moment_of(last.name)
        before = dt.datetime.strptime(text + "+0000", "%Y%m%dT%H%M%S.%f%z")
        moment = max(moment, before + dt.timedelta(milliseconds=1))
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:  # not every share has links
        return False
    return True


def _clear_away(layout: Layout) -> None:
    """Remove the oldest exports, and those that a crash left without a manifest."""
    folders = _exports(layout)
    finished = [folder for folder in folders if (folder / EXPORT_MANIFEST).exists()]
    for folder in folders:
        if folder not in finished[-KEPT:]:
            (folder / EXPORT_MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
