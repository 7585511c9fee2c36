"""Data for screens, composed from replica and outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.order import ORDER
from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.documents import Document, documents
from sync_protocol.device.errors import NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.search_index import folded
from sync_protocol.json_types import NewRecord, Record
from sync_protocol.pricing import Price
from sync_protocol.rule import REFUSAL, WARNING


@dataclass(frozen=True)
class CustomerPage:
    """A customer with everything that belongs to them. Records have the fields of their catalogue schema."""

    customer: dict[str, Any]
    contacts: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    """Newest first."""
    receivables: list[dict[str, Any]]
    """Open items, by due date."""
    credit: list[dict[str, Any]]
    pending_documents: list[Document]
    """Documents of the outbox that cite the customer and are not final yet."""
    as_of: dict[str, str | None]
    """Per collection, when it was last read completely from the ERP."""


@dataclass(frozen=True)
class ProductLine:
    """A product with its price for a customer and its stock per warehouse."""

    product: dict[str, Any]
    price: Price | None
    stock: list[dict[str, Any]]


def find_record(db: Database, collection: str, text: str) -> NewRecord:
    """Return the record with key, number, SKU or name *text*, or the only one that contains all its words.

    Raises `NotFound` if no record matches, or more than one.
    """
    by_key = replica.record(db, collection, text)
    if by_key is not None:
        return by_key
    matches = replica.records(db, collection, text, limit=200) if text.strip() else []
    exact = [record for record in matches if _has_name(record, text)]
    if len(exact) == 1:
        return exact[0]
    noun = f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
    noun = noun.replace("_", " ")
    if not matches:
        raise NotFound(f"there is no {noun} {text!r} on this device")
    if len(matches) > 1:
        examples = ", ".join(f"{record.get('id')} {record.get('name') or ''}".strip() for record in matches[:5])
        raise NotFound(f"{text!r} matches more than one {noun}: {examples}{' …' if len(matches) > 5 else ''}")
    return matches[0]


def _has_name(record: Mapping[str, Any], text: str) -> bool:
    names = (record.get("number"), record.get("sku"), record.get("name"))
    return any(isinstance(name, str) and folded(name) == folded(text) for name in names)


def customer_page(db: Database, key: str) -> CustomerPage:
    """Return everything about the customer with key, number or name *key*; raises `NotFound`."""
    customer = find_record(db, "customers", key)
    own = customer["id"]
    open_items = [r for r in replica.children(db, "receivables", own) if Decimal(r["open_amount"]) != 0]
    return CustomerPage(
        customer=customer,
        contacts=replica.children(db, "contacts", own),
        orders=sorted(
            replica.children(db, "orders", own), key=lambda o: (o["order_date"] or "", o["id"]), reverse=True
        ),
        receivables=sorted(open_items, key=lambda r: r["due_date"] or r["date"]),
        credit=replica.children(db, "credit", own),
        pending_documents=[
            document
            for document in documents(db)
            if document.final_at is None and _cites(document, "customers", own)
        ],
        as_of={name: as_of(db, name) for name in ("customers", "orders", "receivables", "credit")},
    )


def _cites(document: Document, collection: str, key: str) -> bool:
    """Say whether *document* cites the record, by the fields that its kind declares as references."""
    kind = KINDS.get(document.kind)
    return kind is not None and (collection, key) in kind.references(document.body)


def product_search(
    db: Database, match: str, customer: Record | None, day: str, limit: int = 50
) -> list[ProductLine]:
    """Return up to *limit* sellable products that contain every word of *match*, with price and stock.

    The price is the one for *customer* on *day* (ISO 8601), for one of the usual unit.
    """
    price_list = pricing.price_list_of(db, customer or {})
    lines: list[ProductLine] = []
    for product in replica.records(db, "products", match):
        if not (product["sellable"] and product["active"]):
            continue
        unit = product["units"][0]["unit"]
        lines.append(
            ProductLine(
                product,
                pricing.price(db, product, price_list, unit, "1", day),
                replica.children(db, "stock_levels", product["id"]),
            )
        )
        if len(lines) == limit:
            break
    return lines


def order_remarks(db: Database, customer: str, day: str) -> list[str]:
    """Return what a rep should know before an order for *customer* on *day* (ISO 8601) is begun.

    It follows from the rules of the order that need no line: blocks, the price list, the credit limit. Raises
    `NotFound`.
    """
    buyer = find_record(db, "customers", customer)
    price_list = pricing.price_list_of(db, buyer)
    listed = replica.record(db, "price_lists", price_list) if price_list else None
    body = {
        "customer_id": buyer["id"],
        "order_date": day,
        "price_list_id": price_list,
        "currency": (listed or buyer).get("currency"),
        "lines": [],
    }

    def find(collection: str, key: str) -> dict[str, Any] | None:
        return replica.record(db, collection, key)

    return [
        fault.message
        for severity in (REFUSAL, WARNING)
        for fault in ORDER.rules.faults(severity, body, find, lambda: Decimal(0))
    ]


def as_of(db: Database, collection: str) -> str | None:
    """Return when *collection* was last read completely from the ERP, or None if that is not known."""
    record = replica.record(db, "freshness", collection)
    return None if record is None else str(record["as_of"])
