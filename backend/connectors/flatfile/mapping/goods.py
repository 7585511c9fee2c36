"""Units, warehouses, products, price lists, prices and stock."""

from decimal import Decimal

from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row
from backend.erp.composite import composite_key
from sync_protocol.json_types import NewRecord


def unit(row: Row, parts: Parts) -> NewRecord:
    """Return a unit of measure."""
    return {
        "id": row.text("id"),
        "name": row.text("name"),
        "symbol": row.maybe("symbol") or row.text("id"),
        "category": row.text("category"),
        "factor": row.number("factor"),
        "decimals": row.integer("decimals"),
    }


def warehouse(row: Row, parts: Parts) -> NewRecord:
    """Return a warehouse."""
    return {"id": row.text("id"), "name": row.text("name")}


def product(row: Row, parts: Parts) -> NewRecord:
    """Return a product. Without `units` it is sold in its base unit."""
    base = row.text("base_unit")
    units = [{"unit": unit, "factor": row.parsed("units", factor)} for unit, factor in row.pairs("units")]
    return {
        "id": row.text("id"),
        "sku": row.maybe("sku"),
        "name": row.text("name"),
        "kind": row.word("kind"),
        "group": row.maybe("group"),
        "base_unit": base,
        "units": units or [{"unit": base, "factor": "1"}],
        "barcodes": row.several("barcodes"),
        "active": row.flag("active"),
        "sellable": row.flag("sellable"),
        "fits": row.several("fits"),
        "replaced_by": row.maybe("replaced_by"),
    }


def price_list(row: Row, parts: Parts) -> NewRecord:
    """Return a price list."""
    return {
        "id": row.text("id"),
        "name": row.text("name"),
        "currency": row.currency("currency"),
        "tax_included": row.flag("tax_included"),
        "valid_from": row.maybe("valid_from"),
        "valid_to": row.maybe("valid_to"),
    }


def price_key(row: Row) -> str:
    """Return the key of a price: the fields that identify it, because few ERPs number their prices."""
    least = row.number_or_none("min_quantity") or "0"
    if "." in least:
        least = least.rstrip("0").removesuffix(".")
    parts = [row.text("price_list_id"), row.text("product_id"), row.text("unit"), least]
    if row.maybe("valid_from"):
        parts.append(row.text("valid_from"))
    return composite_key(parts, "/")


def price(row: Row, parts: Parts) -> NewRecord:
    """Return a price. Without `min_quantity` it applies from the first piece."""
    return {
        "id": price_key(row),
        "price_list_id": row.text("price_list_id"),
        "product_id": row.text("product_id"),
        "unit": row.text("unit"),
        "min_quantity": row.number_or_none("min_quantity") or "0",
        "amount": row.number("amount"),
        **({"min_amount": row.number_or_none("min_amount")} if row.has("min_amount") else {}),
        "currency": row.currency("currency"),
        "valid_from": row.maybe("valid_from"),
        "valid_to": row.maybe("valid_to"),
    }


def stock_key(row: Row) -> str:
    """Return the key of a stock level."""
    return composite_key([row.text("product_id"), row.text("warehouse_id")], "@")


def stock_level(row: Row, parts: Parts) -> NewRecord:
    """Return a stock level. Without `available` it is the quantity on hand minus the reserved quantity."""
    on_hand = row.number("on_hand")
    reserved = row.number_or_none("reserved") or "0"
    available = row.number_or_none("available") or f"{Decimal(on_hand) - Decimal(reserved):f}"
    incoming = [
        {"date": date, "quantity": row.parsed("incoming", quantity)} for date, quantity in row.pairs("incoming")
    ]
    return {
        "id": stock_key(row),
        "product_id": row.text("product_id"),
        "warehouse_id": row.text("warehouse_id"),
        "unit": row.text("unit"),
        "on_hand": on_hand,
        "reserved": reserved,
        "available": available,
        "incoming": incoming,
        "as_of": row.maybe("as_of") or parts.generated_at,
    }
