"""The two tables of translations, by collection and by kind. All pure: no network, no clock.

A new collection of the catalogue is one file in `mapping/`, one in `reads/`, and a row in each table.
"""

from collections.abc import Callable
from typing import Any

from backend.connectors.tryton.mapping import (
    claim,
    contacts,
    credit,
    customers,
    expense_categories,
    order,
    orders,
    price_lists,
    prices,
    products,
    receivables,
    stock_levels,
    units,
    warehouses,
)

READS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "units": units.record,
    "warehouses": warehouses.record,
    "customers": customers.record,
    "contacts": contacts.record,
    "products": products.record,
    "price_lists": price_lists.record,
    "prices": prices.record,
    "expense_categories": expense_categories.record,
    "stock_levels": stock_levels.record,
    "orders": orders.record,
    "receivables": receivables.record,
    "credit": credit.record,
}
"""Collection → what turns the rows read for one record into the record."""

WRITES: dict[str, Callable[..., dict[str, Any]]] = {
    "order": order.values,
    "expense_claim": claim.values,
}
"""Kind → what turns a document, and what was looked up for it, into the values of `create`."""
