"""The mapper: from the rows of a drop to records of the catalogue. Pure; one entry per collection."""

from collections.abc import Callable, Mapping
from typing import Any

from backend.connectors.flatfile.mapping import customers, goods, money, orders
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row

Record = dict[str, Any]

MAPPERS: Mapping[str, Callable[[Row, Parts], Record]] = {
    "units": goods.unit,
    "warehouses": goods.warehouse,
    "customers": customers.customer,
    "contacts": customers.contact,
    "price_lists": goods.price_list,
    "products": goods.product,
    "expense_categories": money.expense_category,
    "prices": goods.price,
    "stock_levels": goods.stock_level,
    "orders": orders.order,
    "receivables": money.receivable,
    "credit": money.credit,
}
"""Collection → what makes a record of a row (and of the rows below it). Raises `BadCell`."""

KEYS: Mapping[str, Callable[[Row], str]] = {
    "prices": goods.price_key,
    "stock_levels": goods.stock_key,
    "credit": lambda row: row.text("customer_id"),
}
"""Collection → the key of a row's record, where it is not simply the column id."""


def key_of(collection: str) -> Callable[[Row], str]:
    """Return what tells the key of a row of *collection*."""
    return KEYS.get(collection) or (lambda row: row.text("id"))
