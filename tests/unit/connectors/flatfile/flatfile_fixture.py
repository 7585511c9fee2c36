"""A flat-file ERP for tests: the sample ERP with a small company, and hands that reach into its db."""

import datetime as dt
import hashlib
import io
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from ulid import ULID

from backend.clock import SystemClock
from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.files import COLLECTION_FILES
from backend.erp.records import Document, ForecastLine, ReceiptFile, RepInfo
from backend.sample_erp import run
from backend.sample_erp.export import write_export
from backend.sample_erp.run import opened
from backend.sample_erp.upgrade import table

RECEIPT = b"%PDF-1.4 a receipt of a hotel\n%%EOF\n"
RECEIVED = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
REP = RepInfo("R1", "Anja Petersen", "E1001")


def order_body(**changes: Any) -> dict[str, Any]:
    """Return an order of two lines that the sample ERP takes."""
    return {
        "customer_id": "C0001",
        "ship_to_id": "C0001-A1",
        "customer_reference": "PO 77",
        "order_date": "2026-11-23",
        "requested_date": "2026-11-30",
        "currency": "EUR",
        "price_list_id": "L1",
        "warehouse_id": "W1",
        "notes": "Ring twice",
        "lines": [
            {"line_no": 1, "product_id": "S0001", "quantity": "2", "unit": "piece", "unit_price": "12.50"},
            {
                "line_no": 2,
                "product_id": "S0002",
                "quantity": "10",
                "unit": "piece",
                "unit_price": "1.2345",
                "discount_percent": "5",
            },
        ],
        **changes,
    }


def claim_body(**changes: Any) -> dict[str, Any]:
    """Return an expense claim that cites `RECEIPT`."""
    return {
        "purpose": "Visit to C0001",
        "customer_id": "C0001",
        "currency": "EUR",
        "lines": [
            {
                "line_no": 1,
                "date": "2026-11-20",
                "category_id": "hotel",
                "description": "One night",
                "merchant": "Hotel am Hafen",
                "amount": "129.00",
                "receipts": [f"sha256:{hashlib.sha256(RECEIPT).hexdigest()}"],
            }
        ],
        **changes,
    }


def receipt_file() -> ReceiptFile:
    """Return `RECEIPT` as it goes with a document."""
    digest = hashlib.sha256(RECEIPT).hexdigest()
    name = "../../etc/hotel.pdf"
    return ReceiptFile(digest, digest, "application/pdf", name, len(RECEIPT), lambda: io.BytesIO(RECEIPT))


def document(kind: str, body: dict[str, Any], *receipts: ReceiptFile, key: str | None = None) -> Document:
    """Return a document with a ULID of its own."""
    return Document(key or str(ULID()), kind, body, REP, "2026-11-23T08:59:00Z", RECEIVED, receipts)


class FlatFileFixture:
    """The sample ERP over a copy of *template*, a folder in which it has been founded and has dropped once."""

    def __init__(self, template: Path, folder: Path) -> None:
        shutil.copytree(template, folder)
        self.folder = folder

    def connect(self) -> FlatFileConnector:
        return connect({"folder": str(self.folder)})

    def connect_dead(self) -> FlatFileConnector:
        return connect({"folder": str(self.folder.with_name("not mounted"))})

    def order(self) -> Document:
        return document("order", order_body())

    def example(self, kind: str) -> Document:
        return {"order": self.order, "expense_claim": self.claim}[kind]()

    def refused_order(self) -> Document:
        body = order_body()
        body["lines"][1]["product_id"] = "X9999"
        return document("order", body)

    def refusal_words(self) -> str:
        return "product X9999 is not known"

    def claim(self) -> Document:
        return document("expense_claim", claim_body(), receipt_file())

    def forecast_lines(self) -> list[ForecastLine]:
        return [
            ForecastLine("W1", "2026-12", "P0002", "piece", Decimal("40")),
            ForecastLine("W1", "2026-12", "P0001", "piece", Decimal("12.5")),
        ]

    def changeable(self) -> tuple[str, ...]:
        return ("customers", "products", "stock_levels", "orders")

    def change(self, collection: str) -> str:
        """Change the second row and drop a snapshot."""
        file = COLLECTION_FILES[collection][0]
        column = {"stock_levels": "on_hand", "orders": "customer_reference"}.get(collection, "name")
        with opened(self.folder) as (layout, db):
            with db.transaction():
                row = db.rows(f"SELECT * FROM {table(file)} ORDER BY 1 LIMIT 1 OFFSET 1")[0]
                db.put(file, [{**dict(row), column: "4711"}])
            assert write_export(layout, db, SystemClock().now())
        return f"{row['product_id']}@{row['warehouse_id']}" if collection == "stock_levels" else row["id"]

    def work(self) -> None:
        run(self.folder, once=True)

    def count(self, kind: str, key: str) -> int:
        name = {"order": "orders", "expense_claim": "expense_claims"}[kind]
        with opened(self.folder) as (_, db):
            return int(db.rows(f"SELECT COUNT(*) FROM {name} WHERE satchel_key = ?", key)[0][0])
