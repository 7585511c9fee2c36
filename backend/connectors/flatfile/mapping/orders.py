"""Orders with their lines, deliveries and invoices."""

from backend.connectors.flatfile.files import DELIVERIES, DELIVERY_LINES, INVOICES, ORDER_LINES
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row
from backend.erp.records import ErpDocument
from sync_protocol.catalogue.orders import net_total
from sync_protocol.json_types import NewRecord, Record


def order(row: Row, parts: Parts) -> NewRecord:
    """Return an order with its execution."""
    key = row.text("id")
    return {
        "id": key,
        "number": row.maybe("number"),
        "customer_id": row.text("customer_id"),
        "submission_id": row.maybe("satchel_key"),
        "customer_reference": row.maybe("customer_reference"),
        "order_date": row.maybe("order_date"),
        "requested_date": row.maybe("requested_date"),
        "currency": row.currency("currency"),
        "warehouse_id": row.maybe("warehouse_id"),
        "net": row.number("net"),
        "tax": row.number("tax"),
        "gross": row.number("gross"),
        "axes": {axis: row.word(axis) for axis in ("transport", "approval", "delivery", "billing")},
        "lines": [line(part) for part in parts.of(ORDER_LINES, row, key)],
        "deliveries": [delivery(part, parts) for part in parts.of(DELIVERIES, row, key)],
        "invoices": [invoice(part) for part in parts.of(INVOICES, row, key)],
    }


def line(row: Row) -> NewRecord:
    """Return one line of an order."""
    return {
        "line_no": row.integer("line_no"),
        "product_id": row.maybe("product_id"),
        "description": row.maybe("description"),
        "unit": row.maybe("unit"),
        "ordered": row.number("ordered"),
        "delivered": row.number_or_none("delivered") or "0",
        "invoiced": row.number_or_none("invoiced") or "0",
        "unit_price": row.number("unit_price"),
        "net": row.number("net"),
    }


def delivery(row: Row, parts: Parts) -> NewRecord:
    """Return one delivery of an order, with its lines."""
    return {
        "number": row.maybe("number"),
        "status": row.word("status"),
        "date_planned": row.maybe("date_planned"),
        "date_done": row.maybe("date_done"),
        "tracking": row.maybe("tracking"),
        "lines": [
            {
                "product_id": part.maybe("product_id"),
                "unit": part.maybe("unit"),
                "quantity": part.number("quantity"),
            }
            for part in parts.of(DELIVERY_LINES, row, row.text("order_id"), row.text("id"))
        ],
    }


def invoice(row: Row) -> NewRecord:
    """Return one invoice of an order."""
    return {
        "number": row.maybe("number"),
        "date": row.maybe("date"),
        "due_date": row.maybe("due_date"),
        "gross": row.number("gross"),
        "open_amount": row.number("open_amount"),
        "status": row.word("status"),
        "credit_note": row.flag("credit_note"),
    }


def document(order: Record) -> ErpDocument:
    """Return the ERP's document that *order*, a record of the collection, shows."""
    return ErpDocument(
        order["id"],
        order["number"],
        order["axes"]["transport"],
        order["submission_id"],
        total=net_total(order),
        customer_id=order["customer_id"],
    )
