"""Exports written by hand, so that each fault can be put where it belongs."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.files import ALL_FILES, COLLECTION_FILES
from backend.connectors.flatfile.layout import Layout
from backend.ingest.validation import Partitioned, partition
from sync_protocol.catalogue import COLLECTIONS

CUSTOMER = {
    "id": "C1",
    "name": "Petersen Metallbau",
    "kind": "organisation",
    "status": "active",
    "block_order": "no",
    "block_delivery": "no",
    "territory": "NE",
    "currency": "EUR",
}
CATEGORY = {"id": "fuel", "name": "Fuel", "currency": "EUR", "limit_per_line": "150.00", "active": "yes"}
ORDER = {
    "id": "SO-1",
    "number": "SO-1",
    "customer_id": "C1",
    "currency": "EUR",
    "net": "20.00",
    "tax": "3.80",
    "gross": "23.80",
    "transport": "confirmed",
    "approval": "approved",
    "delivery": "waiting",
    "billing": "pending",
}
LINE = {"order_id": "SO-1", "line_no": "1", "ordered": "2", "unit_price": "10.00", "net": "20.00"}


def csv_text(name: str, *rows: Mapping[str, str], delimiter: str = ",") -> str:
    """Return the file *name* with *rows*; what they leave out is empty."""
    columns = ALL_FILES[name].columns
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def complete_export(collection: str, **files: str | bytes) -> dict[str, str | bytes]:
    """Return all files of *collection*, with the content in *files* (by name without .csv), else empty."""
    return {
        file.name: files.get(file.name.removesuffix(".csv"), csv_text(file.name))
        for file in COLLECTION_FILES[collection]
    }


def categories(*rows: Mapping[str, str]) -> dict[str, str | bytes]:
    """Return the files of an export with expense categories only."""
    return complete_export("expense_categories", expense_categories=csv_text("expense_categories.csv", *rows))


def put_export(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    manifest: bool = True,
    rows: Mapping[str, int] | None = None,
    generated_at: str = "2026-11-23T09:00:00Z",
) -> Path:
    """Write an export; *rows* overrides what its manifest says of a file."""
    Layout(folder).make()
    path = folder / "from_erp" / name
    path.mkdir()
    entries: dict[str, Any] = {}
    for file, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        (path / file).write_bytes(raw)
        counted = max(
            0, sum(1 for row in csv.reader(raw.decode("latin-1").splitlines(keepends=True)) if row) - 1
        )
        entries[file] = {
            "rows": (rows or {}).get(file, counted),
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
    if manifest:
        (path / "manifest.json").write_text(json.dumps({"generated_at": generated_at, "files": entries}))
    return path


def validated(connector: FlatFileConnector, collection: str) -> Partitioned:
    """Return a page as ingest sees it. The files are closed first: another collection may be read meanwhile."""
    page = connector.read(collection, None, 100)
    connector.close()
    return partition(COLLECTIONS[collection], page)
