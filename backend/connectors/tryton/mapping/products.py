"""Products, of product.product and its template: those that are for sale."""

from backend.connectors.tryton.mapping.text import clip, key, quantity
from backend.connectors.tryton.mapping.units import UnitFacts
from backend.connectors.tryton.row import Raw
from sync_protocol.json_types import NewRecord

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


def record(raw: Raw) -> NewRecord:
    """Return a product.

    *raw*: product (`FIELDS`), kind, groups and others (names of its categories), barcodes (rows of
    product.identifier), units (their facts, by id).
    """
    product = raw["product"]
    base, sales_unit = product["default_uom"], product["sale_uom"] or product["default_uom"]
    units = [sales_unit] if sales_unit == base else [sales_unit, base]
    facts: dict[int, UnitFacts] = raw["units"]
    group = min(raw["groups"], default=None) or min(raw["others"], default=None)
    return {
        "id": key(product["id"]),
        "sku": clip(product["code"], 60),
        "name": clip(product["name"], 200),
        "kind": raw["kind"],
        "group": clip(group, 80),
        "base_unit": key(base),
        "units": [
            {"unit": key(unit), "factor": quantity(facts[unit].factor / facts[base].factor)} for unit in units
        ],
        "barcodes": [clip(row["code"], 60) for row in raw["barcodes"] if row["type"] in BARCODES],
        "active": product["active"],
        "sellable": bool(product["active"] and product["salable"]),
        "fits": [],
        "replaced_by": key(product["replaced_by"]),
    }
