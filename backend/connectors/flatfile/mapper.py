"""The two tables of the connector: what it reads, by collection, and what it writes, by kind. All pure.

A new collection is its files in `files.py`, a function in `mapping/` and a row in `READS`. A new kind is a
function in `render.py` and a row in `WRITES`.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from backend.connectors.flatfile.mapping import customers, goods, money, orders
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.render import CLAIM_COLUMNS, ORDER_COLUMNS, claim_rows, order_rows
from backend.connectors.flatfile.row import Row
from backend.erp.records import Document, ErpDocument
from sync_protocol.catalogue.expense_claim import EXPENSE_CLAIM
from sync_protocol.catalogue.order import ORDER
from sync_protocol.json_types import NewRecord, Record


def _id(row: Row) -> str:
    return row.text("id")


class Read(NamedTuple):
    """How a collection is read."""

    record: Callable[[Row, Parts], NewRecord]
    """Makes a record of a row of the collection's first file and the rows below it. Raises `BadCell`."""
    key: Callable[[Row], str] = _id
    """Returns the key of a row's record. Raises `BadCell`."""


READS: Mapping[str, Read] = {
    "units": Read(goods.unit),
    "warehouses": Read(goods.warehouse),
    "customers": Read(customers.customer),
    "contacts": Read(customers.contact),
    "price_lists": Read(goods.price_list),
    "products": Read(goods.product),
    "expense_categories": Read(money.expense_category),
    "prices": Read(goods.price, goods.price_key),
    "stock_levels": Read(goods.stock_level, goods.stock_key),
    "orders": Read(orders.order),
    "receivables": Read(money.receivable),
    "credit": Read(money.credit, lambda row: row.text("customer_id")),
}


class Write(NamedTuple):
    """How a kind is written."""

    columns: tuple[str, ...]
    rows: Callable[[Document, Mapping[str, str]], list[NewRecord]]
    """(document, names of the receipts' files by sha256) → one row per line of the document."""
    exported: Callable[[Record], ErpDocument] | None = None
    """Record of the kind's `erp_record` → the ERP's document; None where exports do not list the documents."""


WRITES: Mapping[str, Write] = {
    ORDER.name: Write(ORDER_COLUMNS, order_rows, orders.document),
    EXPENSE_CLAIM.name: Write(CLAIM_COLUMNS, claim_rows),
}
"""By kind. Forecasts are not among them: `forecasts.py` writes the sums of many submissions."""
