"""Handing files over to the ERP: complete, manifest last, and never two contents under one name."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from backend.connectors.flatfile.errors import out_of_reach
from backend.connectors.flatfile.layout import MANIFEST, Layout
from backend.connectors.flatfile.manifest import Manifest, ManifestFault, manifest_bytes, read_manifest
from backend.erp.errors import ErpError, ErrorClass
from backend.failpoints import failpoint
from backend.files import rename_synced, write_atomically

CHUNK = 1 << 20
"""Bytes of a file that are read at once."""


@dataclass(frozen=True)
class Attached:
    """A receipt that is written beside the document under *name*."""

    name: str
    sha256: str
    open: Callable[[], BinaryIO]


@contextmanager
def reachable(layout: Layout) -> Iterator[None]:
    """Raise `ErpError` TRANSIENT if the shared folder is missing or disappears: nothing was handed over."""
    try:
        for folder in layout.folders:
            if not folder.is_dir():
                raise FileNotFoundError(2, "there is no such folder", str(folder))
        yield
    except OSError as error:
        raise out_of_reach(error) from error


def handed_over(layout: Layout, stem: str) -> tuple[Path, Manifest] | None:
    """Return the current folder and the manifest of the document *stem* if it was handed over, else None."""
    for folder in (layout.to_erp, layout.archived(stem), layout.archive):
        try:
            return folder, read_manifest(folder / f"{stem}{MANIFEST}")
        except FileNotFoundError:
            continue
        except ManifestFault as fault:
            raise ErpError(
                ErrorClass.DUPLICATE_BAD,
                f"{folder.name}/{stem}{MANIFEST} was changed by somebody else: {fault}. Find out "
                "what the ERP has imported, then remove the file",
            ) from None
    return None


def hand_over(
    layout: Layout,
    stem: str,
    content: bytes,
    rows: int,
    *,
    generated_at: str,
    attached: tuple[Attached, ...] = (),
    **more: Any,
) -> None:
    """Write the receipts, then the document, then its manifest.

    Raises `ErpError`: DUPLICATE_BAD if the name is used by another document, TRANSIENT if nothing was handed
    over, UNKNOWN if the manifest may have been written.
    """
    data = layout.to_erp / f"{stem}.csv"
    files: Mapping[str, tuple[int, bytes]] = {data.name: (rows, content)}
    if data.exists() and data.read_bytes() != content:
        raise ErpError(
            ErrorClass.DUPLICATE_BAD,
            f"to_erp/{data.name} exists with other content and without a manifest: somebody else wrote it, or "
            "the settings changed while it was written. It was not handed over; remove it, then the document "
            "is sent",
        )
    for receipt in attached:
        write_atomically(layout.to_erp / receipt.name, _checked(receipt))
    failpoint("flatfile.before_document")
    write_atomically(data, [content])
    failpoint("flatfile.before_manifest")
    manifest = manifest_bytes(
        generated_at, files, receipts={receipt.name: receipt.sha256 for receipt in attached}, **more
    )
    try:
        write_atomically(layout.to_erp / f"{stem}{MANIFEST}", [manifest])
    except OSError as error:
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"{stem}: its manifest may or may not have been written: {error}",
            raw=repr(error),
        ) from error
    failpoint("flatfile.after_manifest")


def archive(layout: Layout, stem: str, target: Path) -> None:
    """Move the document *stem* and its receipts from to_erp to *target*, manifest first."""
    manifest_path = layout.to_erp / f"{stem}{MANIFEST}"
    try:
        manifest: Manifest | None = read_manifest(manifest_path)
    except (FileNotFoundError, ManifestFault):
        manifest = _manifest_in(target, stem)  # after a crash between the moves of the manifest and of the rest
    target.mkdir(exist_ok=True)
    rename_synced(manifest_path, target / manifest_path.name, missing_ok=True)
    names = [f"{stem}.csv", *(manifest.more.get("receipts", {}) if manifest else ())]
    for name in names:
        rename_synced(layout.to_erp / name, target / name, missing_ok=True)


def _manifest_in(folder: Path, stem: str) -> Manifest | None:
    try:
        return read_manifest(folder / f"{stem}{MANIFEST}")
    except (FileNotFoundError, ManifestFault):
        return None


def _checked(receipt: Attached) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with receipt.open() as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != receipt.sha256:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            f"the receipt {receipt.sha256[:8]} is damaged in Satchel's store; restore it, then send it again",
        )
