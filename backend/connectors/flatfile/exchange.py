"""Handing files over to the ERP: complete, manifest last, and never two contents under one name."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from backend.connectors.flatfile.errors import from_os_error, is_of_one_file
from backend.connectors.flatfile.layout import MANIFEST, Layout
from backend.connectors.flatfile.manifest import (
    ManifestFault,
    manifest_bytes,
    read_manifest,
)
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.sanitize import shown
from backend.failpoints import failpoint
from backend.files import (
    make_folder_like,
    mode_in,
    read_file,
    rename_synced,
    require_folder,
    write_atomically,
)
from sync_protocol.external_name import NameRefused, file_in, plain_name

CHUNK = 1 << 20
"""Bytes of a file that are read at once."""


@dataclass(frozen=True)
class Attached:
    """A receipt that is written beside the document under *name*; *content_sha256* is that of its bytes."""

    name: str
    sha256: str
    content_sha256: str
    open: Callable[[], BinaryIO]


@contextmanager
def reachable(layout: Layout) -> Iterator[None]:
    """Raise `ErpError` TRANSIENT if the shared folder is missing or disappears: nothing was handed over.

    An error of one file is REJECT_OFFICE: it concerns one document, and other documents are sent.
    """
    try:
        for folder in layout.folders:
            require_folder(folder)
        yield
    except OSError as error:
        raise from_os_error(error) from error


@dataclass(frozen=True)
class HandedOver:
    """A document that was handed over: its current folder, and what its manifest says."""

    folder: Path
    lines: tuple[int, ...]
    receipts: tuple[str, ...]
    """Names of the files beside it."""
    document_sha256: str | None


def handed_over(layout: Layout, stem: str) -> HandedOver | None:
    """Return the document *stem* if it was handed over, else None.

    Raises `ErpError` DUPLICATE_BAD if its manifest was changed, so that it cannot be known what was.
    """
    for folder in (layout.to_erp, layout.archived(stem), layout.archive):
        try:
            return _read_document(folder, stem)
        except FileNotFoundError:
            continue
        except ManifestFault as fault:
            raise ErpError(
                ErrorClass.DUPLICATE_BAD,
                f"{folder.name}/{stem}{MANIFEST} was changed by somebody else: {fault}",
                advice="Find out what the ERP has imported, remove the file, then retry.",
            ) from None
    return None


def _read_document(folder: Path, stem: str) -> HandedOver:
    """Read the manifest that Satchel wrote. Raises `ManifestFault`, FileNotFoundError or another OSError."""
    path = file_in(folder, f"{stem}{MANIFEST}")
    more = read_manifest(path).more
    lines, receipts, proof = more.get("lines", []), more.get("receipts", {}), more.get("document_sha256")
    if not isinstance(lines, list) or not all(type(line) is int for line in lines):
        raise ManifestFault(f"{path.name}: lines must be whole numbers, not {shown(lines)}")
    if not isinstance(receipts, dict) or not all(name.startswith(f"{stem}_") for name in receipts):
        raise ManifestFault(
            f"{path.name}: receipts must be names that begin with {stem}_, not {shown(receipts)}"
        )
    try:
        names = tuple(plain_name(name) for name in receipts)
    except NameRefused as fault:
        raise ManifestFault(f"{path.name}: receipts: {fault}") from None
    if proof is not None and not isinstance(proof, str):
        raise ManifestFault(f"{path.name}: document_sha256 must be text, not {shown(proof)}")
    return HandedOver(folder, tuple(lines), names, proof)


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
    data = file_in(layout.to_erp, f"{stem}.csv")
    files: Mapping[str, tuple[int, bytes]] = {data.name: (rows, content)}
    if os.path.lexists(data) and read_file(data) != content:
        raise ErpError(
            ErrorClass.DUPLICATE_BAD,
            f"to_erp/{data.name} exists with other content and without a manifest: somebody else wrote it, or "
            "the settings changed while it was written. It was not handed over",
            advice=f"Find out who wrote to_erp/{data.name}, remove it, then retry.",
        )
    mode = mode_in(layout.to_erp)
    for receipt in attached:
        write_atomically(file_in(layout.to_erp, receipt.name), _checked(receipt), mode=mode)
    failpoint("flatfile.before_document")
    write_atomically(data, [content], mode=mode)
    failpoint("flatfile.before_manifest")
    manifest = manifest_bytes(
        generated_at, files, receipts={receipt.name: receipt.content_sha256 for receipt in attached}, **more
    )
    try:
        write_atomically(file_in(layout.to_erp, f"{stem}{MANIFEST}"), [manifest], mode=mode)
    except OSError as error:
        if is_of_one_file(error):
            raise
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"{stem}: its manifest may or may not have been written: {error}",
            raw=repr(error),
        ) from error
    failpoint("flatfile.after_manifest")


def archive(layout: Layout, stem: str, target: Path) -> None:
    """Move the document *stem* and its receipts from to_erp to *target*, manifest first."""
    # After a crash between the moves of the manifest and of the rest, the manifest is in *target*.
    document = _document_in(layout.to_erp, stem) or _document_in(target, stem)
    make_folder_like(target)
    require_folder(target)
    for name in (f"{stem}{MANIFEST}", f"{stem}.csv", *(document.receipts if document else ())):
        rename_synced(file_in(layout.to_erp, name), file_in(target, name), missing_ok=True)


def _document_in(folder: Path, stem: str) -> HandedOver | None:
    try:
        return _read_document(folder, stem)
    except (FileNotFoundError, ManifestFault):
        return None


def _checked(receipt: Attached) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with receipt.open() as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != receipt.content_sha256:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            "One of its receipts is damaged on the server.",
            raw=f"the content of the receipt {receipt.sha256} has another sha256",
            advice="Restore the receipt and retry; or return the document to the rep, who sends it again.",
        )
