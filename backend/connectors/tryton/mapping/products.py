"""Products, of product.product and its template: those that are for sale."""

from decimal import Decimal
from typing import Any

from backend.connectors.tryton.mapping.text import clip, key, quantity

FIELDS = (
    "code",
    "name",
    "active",
    "salable",
    "default_uom",
    "sale_uom",
    "replaced_by",
    "template",
    "categories",
)
BARCODES = frozenset({"ean", "isbn", "ismn", "upc"})


def record(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a product.

    *raw*: product (`FIELDS`), kind, groups and others (names of its categories), barcodes (rows of
    product.identifier), factors (of its units).
    """
    product = raw["product"]
    base, usual = product["default_uom"], product["sale_uom"] or product["default_uom"]
    units = [usual] if usual == base else [usual, base]
    factors: dict[int, Decimal] = raw["factors"]
    group = min(raw["groups"], default=None) or min(raw["others"], default=None)
    return {
        "id": key(product["id"]),
        "sku": clip(product["code"], 60),
        "name": clip(product["name"], 200),
        "kind": raw["kind"],
        "group": clip(group, 80),
        "base_unit": key(base),
        "units": [{"unit": key(unit), "factor": quantity(factors[unit] / factors[base])} for unit in units],
        "barcodes": [clip(row["code"], 60) for row in raw["barcodes"] if row["type"] in BARCODES],
        "active": product["active"],
        "sellable": bool(product["active"] and product["salable"]),
        "fits": [],
        "replaced_by": key(product["replaced_by"]),
    }
