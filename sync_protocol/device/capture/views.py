"""What a screen shows, put together from the replica."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.documents import Document, documents
from sync_protocol.device.capture.pricing import Price
from sync_protocol.device.errors import NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.search_index import folded


@dataclass(frozen=True)
class CustomerPage:
    """A customer with everything that belongs to it."""

    customer: dict[str, Any]
    contacts: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    """Newest first."""
    receivables: list[dict[str, Any]]
    """Those that are still open, the oldest due first."""
    credit: list[dict[str, Any]]
    waiting: list[Document]
    """Documents of the outbox that name the customer and that the ERP does not have yet."""
    as_of: dict[str, str | None]
    """Per collection, when the ERP was last read to the end."""


@dataclass(frozen=True)
class ProductLine:
    """A product with its price for a customer and its stock per warehouse."""

    product: dict[str, Any]
    price: Price | None
    stock: list[dict[str, Any]]


def find_one(db: Database, collection: str, text: str) -> dict[str, Any]:
    """Return the record that *text* names: its key, its number or SKU, or words that only it has.

    Raises `NotFound` where no record or more than one answers.
    """
    by_key = replica.record(db, collection, text)
    if by_key is not None:
        return by_key
    found = replica.records(db, collection, text, limit=200) if text.strip() else []
    exact = [record for record in found if _is_called(record, text)]
    if len(exact) == 1:
        return exact[0]
    noun = f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
    noun = noun.replace("_", " ")
    if not found:
        raise NotFound(f"there is no {noun} {text!r} on this device")
    if len(found) > 1:
        some = ", ".join(f"{record.get('id')} {record.get('name') or ''}".strip() for record in found[:5])
        raise NotFound(f"{text!r} names more than one {noun}: {some}{' …' if len(found) > 5 else ''}")
    return found[0]


def _is_called(record: Mapping[str, Any], text: str) -> bool:
    names = (record.get("number"), record.get("sku"), record.get("name"))
    return any(isinstance(name, str) and folded(name) == folded(text) for name in names)


def customer_page(db: Database, key: str) -> CustomerPage:
    """Return everything about the customer that *key* names; raises `NotFound`."""
    customer = find_one(db, "customers", key)
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
        waiting=[
            document
            for document in documents(db)
            if document.body.get("customer_id") == own and document.final_at is None
        ],
        as_of={name: as_of(db, name) for name in ("customers", "orders", "receivables", "credit")},
    )


def product_search(
    db: Database, match: str, customer: Mapping[str, Any] | None, day: str, limit: int = 50
) -> list[ProductLine]:
    """Return sellable products with every word of *match*, with the price for *customer* and the stock."""
    price_list = pricing.list_of(db, customer or {})
    found: list[ProductLine] = []
    for product in replica.records(db, "products", match):
        if not (product["sellable"] and product["active"]):
            continue
        unit = product["units"][0]["unit"]
        found.append(
            ProductLine(
                product,
                pricing.price(db, product, price_list, unit, "1", day),
                replica.children(db, "stock_levels", product["id"]),
            )
        )
        if len(found) == limit:
            break
    return found


def as_of(db: Database, collection: str) -> str | None:
    """Return when the ERP was last read to the end for *collection*, or None if nobody said."""
    record = replica.record(db, "freshness", collection)
    return None if record is None else str(record["as_of"])
