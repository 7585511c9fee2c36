"""Customers with their addresses, and contacts."""

from backend.connectors.flatfile.files import ADDRESSES
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row
from sync_protocol.json_types import NewRecord


def customer(row: Row, parts: Parts) -> NewRecord:
    """Return a customer with all its addresses."""
    key = row.text("id")
    return {
        "id": key,
        "number": row.maybe("number"),
        "name": row.text("name"),
        "kind": row.word("kind"),
        "status": row.word("status"),
        "block_order": row.flag("block_order"),
        "block_delivery": row.flag("block_delivery"),
        "territory": row.maybe("territory"),
        "group": row.maybe("group"),
        "tax_id": row.maybe("tax_id"),
        "language": row.maybe("language"),
        "currency": row.currency_or_none("currency"),
        "price_list_id": row.maybe("price_list_id"),
        "payment_term": row.maybe("payment_term"),
        "addresses": [address(part) for part in parts.of(ADDRESSES, row, key)],
        "notes": row.maybe("notes"),
        "replaced_by": row.maybe("replaced_by"),
    }


def address(row: Row) -> NewRecord:
    """Return one address of a customer."""
    lines = [row.maybe(column) for column in ("line_1", "line_2", "line_3")]
    return {
        "id": row.text("id"),
        "name": row.maybe("name"),
        "uses": [use.lower() for use in row.several("uses")],
        "lines": [line for line in lines if line],
        "city": row.maybe("city"),
        "region": row.maybe("region"),
        "postal_code": row.maybe("postal_code"),
        "country": row.maybe("country"),
    }


def contact(row: Row, parts: Parts) -> NewRecord:
    """Return a person at a customer."""
    phones = [
        {"kind": kind, "number": number} for kind in ("phone", "mobile", "fax") for number in row.several(kind)
    ]
    return {
        "id": row.text("id"),
        "customer_id": row.text("customer_id"),
        "name": row.maybe("name"),
        "role": row.maybe("role"),
        "phones": phones,
        "emails": row.several("emails"),
    }
