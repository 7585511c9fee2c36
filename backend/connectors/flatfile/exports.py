"""Exports: the folders into which the ERP writes its snapshots, and whether they can be read."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.clock import is_ahead
from backend.connectors.flatfile.errors import broken_export, file_fault, is_of_one_file
from backend.connectors.flatfile.exchange import CHUNK
from backend.connectors.flatfile.files import COLLECTION_FILES, File
from backend.connectors.flatfile.layout import EXPORT, EXPORT_MANIFEST, Layout, moment_of, time_of
from backend.connectors.flatfile.manifest import Manifest, ManifestFault, read_manifest
from backend.erp.errors import ErpError
from backend.files import open_file
from sync_protocol.local_time import local_time


@dataclass(frozen=True)
class Export:
    """A finished export. Its manifest has been read, its files have not."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.path.name

    def holds(self, collection: str) -> bool:
        """Return whether it has *collection*. Raises `ErpError` if it has only some of the files."""
        files = COLLECTION_FILES[collection]
        for fault in (self.manifest.faults.get(file.name) for file in files):
            if fault is not None:
                raise broken_export(f"export {self.name}: {fault}. Write a new export")
        listed = [file.name for file in files if file.name in self.manifest.files]
        if listed and len(listed) < len(files):
            missing = ", ".join(file.name for file in files if file.name not in listed)
            raise broken_export(
                f"export {self.name} has {', '.join(listed)} without {missing}; "
                f"export all files of {collection} together, empty ones too"
            )
        return bool(listed)

    def fingerprint(self, collection: str, dialect: str) -> str:
        """Return a fingerprint of the content of *collection*: equal content gives the same fingerprint."""
        parts = [self.manifest.files[file.name].sha256 for file in COLLECTION_FILES[collection]]
        return hashlib.sha256("\n".join([dialect, *parts]).encode()).hexdigest()[:16]

    def verify(self, file: File) -> None:
        """Raise `ErpError` if the size or the digest of the file differs from the manifest."""
        digest = hashlib.sha256()
        try:
            with open_file(self.path / file.name) as opened:
                while chunk := opened.read(CHUNK):
                    digest.update(chunk)
        except FileNotFoundError:
            raise broken_export(
                f"export {self.name}: {file.name} is in the manifest but not in the folder; write a new export"
            ) from None
        except OSError as error:
            if not is_of_one_file(error):
                raise
            raise broken_export(f"export {self.name}: {file_fault(error).message}") from None
        if digest.hexdigest() != self.manifest.files[file.name].sha256:
            raise broken_export(
                f"export {self.name}: {file.name} differs from its manifest (its sha256 is another): it was "
                "cut off or changed after the manifest was written. The export is not read; write a new export"
            )


@dataclass(frozen=True)
class Unfinished:
    """An export without a manifest: the ERP is still writing it or has failed. `since` is its last change."""

    path: Path
    since: dt.datetime


@dataclass(frozen=True)
class Broken:
    """An export whose manifest is invalid."""

    path: Path
    fault: ErpError


@dataclass(frozen=True)
class Misdated:
    """A finished export whose name is no time, or a time more than a day ahead. It is not read."""

    export: Export
    fault: ErpError


def newest_first(layout: Layout, now: dt.datetime) -> Iterator[Export | Unfinished | Broken]:
    """Yield the exports, newest first, without misdated ones. Raises OSError if the folder cannot be read."""
    folders = [folder for folder in _folders(layout) if not is_misdated(folder.name, now)]
    for folder in sorted(folders, key=lambda folder: moment_of(folder.name), reverse=True):
        export = _read(folder, now)
        if export is not None:
            yield export


def misdated(layout: Layout, now: dt.datetime) -> Iterator[Misdated]:
    """Yield the misdated exports that are finished. Raises OSError if the folder cannot be read."""
    for folder in sorted(_folders(layout)):
        if is_misdated(folder.name, now):
            try:
                export = Export(folder, read_manifest(folder / EXPORT_MANIFEST, keep_faults=True))
            except (OSError, ManifestFault):
                continue  # not finished
            yield Misdated(export, _misdated(folder.name, "its name", now))


def _folders(layout: Layout) -> list[Path]:
    return [entry for entry in layout.from_erp.iterdir() if EXPORT.fullmatch(entry.name)]


def is_misdated(name: str, now: dt.datetime) -> bool:
    """Say whether the *name* of an export is no time, or one that is more than a day ahead of ours."""
    time = time_of(name)
    return time is None or is_ahead(time, now)


def _read(folder: Path, now: dt.datetime) -> Export | Unfinished | Broken | None:
    """Return the export in *folder*; None if the ERP has removed it meanwhile."""
    try:
        export = Export(folder, read_manifest(folder / EXPORT_MANIFEST, keep_faults=True))
    except FileNotFoundError:
        try:
            changed = folder.stat().st_mtime
        except FileNotFoundError:
            return None
        # Its clock may be wrong, and then the age is not known.
        return Unfinished(folder, dt.datetime.fromtimestamp(min(changed, now.timestamp()), dt.UTC))
    except ManifestFault as fault:
        return Broken(folder, broken_export(f"export {folder.name}: {fault}. Write a new export"))
    except OSError as error:
        if not is_of_one_file(error):
            raise
        return Broken(folder, broken_export(f"export {folder.name}: {file_fault(error).message}"))
    if is_ahead(export.manifest.generated_at, now):
        return Broken(folder, _misdated(folder.name, "generated_at in its manifest", now))
    return export


def _misdated(name: str, what: str, now: dt.datetime) -> ErpError:
    return broken_export(
        f"export {name} is not read: {what} is not a time up to a day ahead of now ({local_time(now)}). "
        "Correct the clock of the ERP, or Satchel's if that is wrong; remove this export and write a new one"
    )
