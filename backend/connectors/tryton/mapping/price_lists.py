"""Price lists, of product.price_list; and the list price, which is not a list in Tryton."""

from backend.connectors.tryton.mapping.text import clip, key
from backend.connectors.tryton.row import Row
from sync_protocol.json_types import NewRecord

FIELDS = ("name",)
LIST_PRICE = "list"
"""Key of the price list of customers who have none in Tryton."""


def list_key(price_list: int | None) -> str:
    """Return the key of a price list; without one, that of the list price."""
    return LIST_PRICE if not price_list else str(price_list)


def record(row: Row) -> NewRecord:
    """Return a price list; *row* holds `FIELDS` and `currency`, and the id 0 for the list price.

    Never tax included: lists that are so in Tryton are read net, because an order takes net prices.
    """
    return {
        "id": key(row["id"]) if row["id"] else LIST_PRICE,
        "name": clip(row["name"], 120) if row["id"] else "List price",
        "currency": row["currency"],
        "tax_included": False,
        "valid_from": None,
        "valid_to": None,
    }
