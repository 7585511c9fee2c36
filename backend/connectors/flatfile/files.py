"""The files of each collection and their columns, which docs/connectors/flatfile.md shows as tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from backend.connectors.flatfile.row import Row


@dataclass(frozen=True)
class File:
    """One CSV file of an export. It must have every column; the mapping says which may be empty."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """Columns whose values together are unique."""
    parent: tuple[str, ...] = ()
    """Columns with the key of the row above to which a row belongs; none for the first file."""


def joined(row: Row, columns: Sequence[str]) -> str:
    """Return the values of *columns* as one text; different values never give the same one."""
    values = [row.maybe(column) or "" for column in columns]
    return values[0] if len(values) == 1 else json.dumps(values, ensure_ascii=False)


def _file(name: str, columns: str, key: str, parent: str = "") -> File:
    return File(name, tuple(columns.split()), tuple(key.split()), tuple(parent.split()))


UNITS = _file("units.csv", "id name symbol category factor decimals", "id")
WAREHOUSES = _file("warehouses.csv", "id name", "id")
CUSTOMERS = _file(
    "customers.csv",
    "id number name kind status block_order block_delivery territory group tax_id language currency"
    " price_list_id payment_term notes replaced_by",
    "id",
)
ADDRESSES = _file(
    "addresses.csv",
    "id customer_id name uses line_1 line_2 line_3 city region postal_code country",
    "customer_id id",
    "customer_id",
)
CONTACTS = _file("contacts.csv", "id customer_id name role phone mobile fax emails", "id")
PRICE_LISTS = _file("price_lists.csv", "id name currency tax_included valid_from valid_to", "id")
PRODUCTS = _file(
    "products.csv",
    "id sku name kind group base_unit units barcodes active sellable fits replaced_by",
    "id",
)
EXPENSE_CATEGORIES = _file(
    "expense_categories.csv", "id name currency limit_per_line receipt_above active", "id"
)
PRICES = _file(
    "prices.csv",
    "price_list_id product_id unit min_quantity amount currency valid_from valid_to",
    "price_list_id product_id unit min_quantity valid_from",
)
STOCK = _file(
    "stock.csv",
    "product_id warehouse_id unit on_hand reserved available incoming as_of",
    "product_id warehouse_id",
)
ORDERS = _file(
    "orders.csv",
    "id number customer_id satchel_key customer_reference order_date requested_date currency warehouse_id"
    " net tax gross transport approval delivery billing",
    "id",
)
ORDER_LINES = _file(
    "order_lines.csv",
    "order_id line_no product_id description unit ordered delivered invoiced unit_price net",
    "order_id line_no",
    "order_id",
)
DELIVERIES = _file(
    "deliveries.csv", "id order_id number status date_planned date_done tracking", "order_id id", "order_id"
)
DELIVERY_LINES = _file(
    "delivery_lines.csv",
    "order_id delivery_id line_no product_id unit quantity",
    "order_id delivery_id line_no",
    "order_id delivery_id",
)
INVOICES = _file(
    "invoices.csv",
    "id order_id number date due_date gross open_amount status credit_note",
    "order_id id",
    "order_id",
)
RECEIVABLES = _file(
    "receivables.csv",
    "id customer_id type number date due_date amount open_amount currency order_number",
    "id",
)
CREDIT = _file("credit.csv", "customer_id currency limit exposure overdue oldest_due_date as_of", "customer_id")

COLLECTION_FILES: dict[str, tuple[File, ...]] = {
    "units": (UNITS,),
    "warehouses": (WAREHOUSES,),
    "customers": (CUSTOMERS, ADDRESSES),
    "contacts": (CONTACTS,),
    "price_lists": (PRICE_LISTS,),
    "products": (PRODUCTS,),
    "expense_categories": (EXPENSE_CATEGORIES,),
    "prices": (PRICES,),
    "stock_levels": (STOCK,),
    "orders": (ORDERS, ORDER_LINES, DELIVERIES, DELIVERY_LINES, INVOICES),
    "receivables": (RECEIVABLES,),
    "credit": (CREDIT,),
}
"""The files of each collection, the one with a row per record first. Collections are in reading order."""

ALL_FILES: dict[str, File] = {file.name: file for files in COLLECTION_FILES.values() for file in files}
