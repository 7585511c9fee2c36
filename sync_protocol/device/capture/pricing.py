"""The price that a rep sees: by the customer's price list, the unit, the quantity and the day."""

from sync_protocol import pricing
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.json_types import Record
from sync_protocol.price_check import PriceData
from sync_protocol.pricing import Price


def price_list_of(db: Database, customer: Record) -> str | None:
    """Return the price list that applies to *customer*: its own, or the only one, or None."""
    return customer.get("price_list_id") or only_price_list(db)


def only_price_list(db: Database) -> str | None:
    """Return the key of the price list if the company has only one."""
    lists = replica.records(db, "price_lists", limit=2)
    return str(lists[0]["id"]) if len(lists) == 1 else None


def price(
    db: Database, product: Record, price_list: str | None, unit: str, quantity: str, day: str
) -> Price | None:
    """Return the price of *product* on *day* (ISO 8601), or None if the list has none."""
    rows = prices(db, price_list, product["id"]) if price_list else []
    return pricing.list_price(rows, product, unit, quantity, day)


def prices(db: Database, price_list: str, product: str) -> list[Record]:
    """Return the prices of *product* in *price_list*."""
    return [row for row in replica.children(db, "prices", product) if row["price_list_id"] == price_list]


def price_data(db: Database, rep: str) -> PriceData | None:
    """Return what the check of prices reads from the replica; None if nothing limits *rep*."""
    limit = replica.record(db, "price_limits", rep)
    if limit is None:
        return None
    return PriceData(
        limit,
        prices=lambda price_list, product: prices(db, price_list, product),
        only_list=lambda: only_price_list(db),
    )
