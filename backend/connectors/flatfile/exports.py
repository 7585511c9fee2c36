"""Exports: the folders into which the ERP writes its snapshots, and whether they can be read."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.connectors.flatfile.errors import broken_export
from backend.connectors.flatfile.exchange import CHUNK
from backend.connectors.flatfile.files import COLLECTION_FILES, File
from backend.connectors.flatfile.layout import EXPORT, EXPORT_MANIFEST, Layout, moment_of
from backend.connectors.flatfile.manifest import Manifest, ManifestFault, read_manifest
from backend.erp.errors import ErpError


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
        """Raise `ErpError` unless the file is byte for byte what the manifest says."""
        digest = hashlib.sha256()
        try:
            with (self.path / file.name).open("rb") as opened:
                while chunk := opened.read(CHUNK):
                    digest.update(chunk)
        except FileNotFoundError:
            raise broken_export(
                f"export {self.name}: {file.name} is in the manifest but not in the folder; write a new export"
            ) from None
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


def newest_first(layout: Layout) -> Iterator[Export | Unfinished | Broken]:
    """Yield the exports, newest first. Raises OSError if the folder cannot be read."""
    folders = [entry for entry in layout.from_erp.iterdir() if EXPORT.fullmatch(entry.name)]
    for folder in sorted(folders, key=lambda folder: moment_of(folder.name), reverse=True):
        try:
            yield Export(folder, read_manifest(folder / EXPORT_MANIFEST))
        except FileNotFoundError:
            try:
                changed = folder.stat().st_mtime
            except FileNotFoundError:
                continue  # the ERP has removed it meanwhile
            yield Unfinished(folder, dt.datetime.fromtimestamp(changed, dt.UTC))
        except ManifestFault as fault:
            yield Broken(folder, broken_export(f"export {folder.name}: {fault}. Write a new export"))
