"""Targets: the files of the shared folder: manifests, exports of customers and products, acknowledgements."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.acknowledgement_file import AckFault, AckUnfinished, read_answer
from backend.connectors.flatfile.layout import Layout, document_stem
from backend.connectors.flatfile.manifest import ManifestFault, read_manifest
from backend.connectors.flatfile.options import read_options
from backend.erp.errors import ErpError
from backend.ingest.validation import partition
from sync_protocol.catalogue import COLLECTIONS
from tests.security.fuzz.inputs import json_bytes, mutated_bytes
from tests.security.fuzz.target import Check, Target, accepts
from tests.unit.connectors.flatfile.flatfile_fixture import document, order_body
from tests.unit.connectors.flatfile.handwritten_exports import CUSTOMER, csv_text, put_export
from tests.unit.connectors.flatfile.test_hostile_cells import PRODUCT

NAME = "20261123T090000Z"
KEY = "01KASEP88YA3C8WXMW27FC1VNK"
STEM = document_stem("order", KEY)
MANIFEST = {
    "generated_at": "2026-11-23T09:00:00Z",
    "files": {"units.csv": {"rows": 3, "sha256": "ab" * 32}, "stock.csv": {"rows": 0, "sha256": "cd" * 32}},
    "receipts": ["a.pdf"],
}
ADDRESS = {
    "id": "A1",
    "customer_id": "C1",
    "name": "Office",
    "city": "Kiel",
    "country": "DE",
    "uses": "invoice",
}
ACK = (
    "key,line_no,status,erp_id,erp_number,reason_code,reason_text,total\n"
    f'{KEY},1,ok,17,SO-17,,,20.50\n{KEY},2,hold,17,SO-17,credit_blocked,"The limit, again",20.50\n'
)


@contextmanager
def in_folder(check: Callable[[Path, Any], bool]) -> Iterator[Check]:
    with TemporaryDirectory(prefix="satchel-fuzz-") as name:
        yield lambda value: check(Path(name), value)


def check_manifest(folder: Path, data: bytes) -> bool:
    """Read *data* as an export's manifest, and as that of one file."""
    accepted = False
    for name in ("manifest.json", "units.manifest.json"):
        (folder / name).write_bytes(data)
        accepted |= accepts(ManifestFault, lambda name=name: read_manifest(folder / name))
        accepts(ManifestFault, lambda name=name: read_manifest(folder / name, keep_faults=True))
    return accepted


def _export(collection: str, files: Mapping[str, bytes], folder: Path) -> bool:
    """Read an export of *collection* as ingest does; return whether some row gave a valid record."""
    share = folder / "share"
    shutil.rmtree(share, ignore_errors=True)
    counted = {name: max(0, data.count(b"\r\n") - 1) for name, data in files.items()}
    put_export(share, NAME, files, rows=counted)
    connector = connect({"folder": str(share), "collections": collection})
    good = 0
    try:
        page = connector.read(collection, None, 50)
        parts = partition(COLLECTIONS[collection], page)
        good = len(parts.good)
        list(connector.keys(collection))
        connector.reread(collection, [*parts.good, *(bad.external_id for bad in parts.bad)])
    except ErpError:
        return False
    finally:
        connector.close()
    return good > 0


def check_customers(folder: Path, files: tuple[bytes, bytes]) -> bool:
    customers, addresses = files
    return _export("customers", {"customers.csv": customers, "addresses.csv": addresses}, folder)


def check_products(folder: Path, products: bytes) -> bool:
    return _export("products", {"products.csv": products}, folder)


@contextmanager
def handed_over() -> Iterator[Check]:
    """A share in which one order of two lines waits for its acknowledgement."""
    with TemporaryDirectory(prefix="satchel-fuzz-") as name:
        layout = Layout(Path(name))
        layout.make()
        options = read_options({"folder": name})
        connector = connect({"folder": name})
        connector.create(document("order", order_body(), key=KEY))

        def check(data: bytes) -> bool:
            entry = {"rows": max(0, data.count(b"\n") - 1), "sha256": hashlib.sha256(data).hexdigest()}
            (layout.acks / f"ACK_{STEM}.csv").write_bytes(data)
            manifest = {"generated_at": "2026-11-23T10:00:00Z", **entry}
            (layout.acks / f"ACK_{STEM}.manifest.json").write_text(json.dumps(manifest))
            return accepts((AckFault, AckUnfinished), read_answer, layout, options, STEM)

        try:
            yield check
        finally:
            connector.close()


def _csv(name: str, *rows: Mapping[str, str]) -> bytes:
    return csv_text(name, *rows).encode()


CUSTOMERS = _csv("customers.csv", CUSTOMER, {**CUSTOMER, "id": "C2", "notes": 'Rings "twice",\nthen waits'})
ADDRESSES = _csv("addresses.csv", ADDRESS, {**ADDRESS, "id": "A2"})
PRODUCTS = _csv("products.csv", PRODUCT, {**PRODUCT, "id": "P2", "units": "piece:1|box:12", "barcodes": "1|2"})

TARGETS = (
    Target("manifest", json_bytes(MANIFEST), lambda: in_folder(check_manifest)),
    Target(
        "csv-customers",
        st.tuples(mutated_bytes(CUSTOMERS) | st.just(CUSTOMERS), mutated_bytes(ADDRESSES) | st.just(ADDRESSES)),
        lambda: in_folder(check_customers),
        share=0.4,
    ),
    Target("csv-products", mutated_bytes(PRODUCTS), lambda: in_folder(check_products), share=0.4),
    Target("csv-acknowledgements", mutated_bytes(ACK.encode()), handed_over, share=0.6),
)
