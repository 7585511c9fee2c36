"""Stock levels: what Tryton counts in a warehouse's storage zone at one time."""

from backend.connectors.tryton.mapping.text import date, key, quantity
from backend.connectors.tryton.row import Raw
from sync_protocol.json_types import NewRecord

MAX_INCOMING = 50


def level_key(product: int, warehouse: int) -> str:
    """Return the key of the stock of a product in a warehouse."""
    return f"{product}-{warehouse}"


def record(raw: Raw) -> NewRecord:
    """Return a stock level.

    *raw*: product, warehouse, unit, on_hand, free, incoming [(date, quantity)], as_of.
    """
    return {
        "id": level_key(raw["product"], raw["warehouse"]),
        "product_id": key(raw["product"]),
        "warehouse_id": key(raw["warehouse"]),
        "unit": key(raw["unit"]),
        "on_hand": quantity(raw["on_hand"]),
        "reserved": quantity(raw["on_hand"] - raw["free"]),
        "available": quantity(raw["free"]),
        "incoming": [
            {"date": date(day), "quantity": quantity(amount)} for day, amount in raw["incoming"][:MAX_INCOMING]
        ],
        "as_of": raw["as_of"],
    }
