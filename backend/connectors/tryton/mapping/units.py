"""Units of measure, of product.uom."""

from typing import Any

from backend.connectors.tryton.mapping.text import clip, key, quantity

FIELDS = ("name", "symbol", "category.name", "factor", "digits")


def record(row: dict[str, Any]) -> dict[str, Any]:
    """Return a unit; *row* holds `FIELDS` of product.uom."""
    return {
        "id": key(row["id"]),
        "name": clip(row["name"], 80),
        "symbol": clip(row["symbol"], 20),
        "category": clip(row["category."]["name"], 80),
        "factor": quantity(row["factor"]),
        "decimals": row["digits"],
    }
