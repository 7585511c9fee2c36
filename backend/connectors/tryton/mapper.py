"""The two tables of the connector: what it reads, by collection, and what it writes, by kind.

A new collection is one file in `mapping/`, one in `reads/` and a row in `READS`. A new kind is one file in
`mapping/`, one that sends it, and a row in `WRITES`.
"""

from collections.abc import Callable
from typing import NamedTuple

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.expense_claims import ExpenseClaims
from backend.connectors.tryton.features import INVOICE, SALE, Features
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping import (
    contacts,
    credit,
    customers,
    expense_categories,
    orders,
    price_lists,
    prices,
    products,
    receivables,
    stock_levels,
    units,
    warehouses,
)
from backend.connectors.tryton.orders import Orders
from backend.connectors.tryton.reads.contacts import Contacts
from backend.connectors.tryton.reads.customers import Customers
from backend.connectors.tryton.reads.master import ExpenseCategories, PriceLists, Units, Warehouses
from backend.connectors.tryton.reads.money import Credit, Receivables
from backend.connectors.tryton.reads.orders import Orders as OrdersRead
from backend.connectors.tryton.reads.prices import Prices
from backend.connectors.tryton.reads.products import Products
from backend.connectors.tryton.reads.stock_levels import StockLevels
from backend.connectors.tryton.row import Raw
from backend.connectors.tryton.sources import Source
from backend.connectors.tryton.workflow import Sender
from backend.erp.errors import ErpError, ErrorClass
from sync_protocol.catalogue.expense_claim import EXPENSE_CLAIM
from sync_protocol.catalogue.order import ORDER
from sync_protocol.json_types import NewRecord


class Read(NamedTuple):
    """How a collection is read."""

    source: Callable[[Lookups, Features], Source]
    """Makes the source, which finds the rows in Tryton."""
    record: Callable[[Raw], NewRecord]
    """Turns the rows of one record into the record; pure."""


READS: dict[str, Read] = {
    "units": Read(lambda lookups, features: Units(lookups), units.record),
    "warehouses": Read(lambda lookups, features: Warehouses(lookups), warehouses.record),
    "price_lists": Read(lambda lookups, features: PriceLists(lookups), price_lists.record),
    "expense_categories": Read(lambda lookups, features: ExpenseCategories(lookups), expense_categories.record),
    "customers": Read(lambda lookups, features: Customers(lookups), customers.record),
    "contacts": Read(
        lambda lookups, features: Contacts(lookups, relations=features.relations), contacts.record
    ),
    "products": Read(lambda lookups, features: Products(lookups), products.record),
    "prices": Read(lambda lookups, features: Prices(lookups), prices.record),
    "stock_levels": Read(lambda lookups, features: StockLevels(lookups), stock_levels.record),
    "orders": Read(
        lambda lookups, features: OrdersRead(lookups, companion=SALE in features.keyed), orders.record
    ),
    "receivables": Read(lambda lookups, features: Receivables(lookups), receivables.record),
    "credit": Read(lambda lookups, features: Credit(lookups), credit.record),
}
"""By collection, in the order in which they should be read: parents first."""


class Write(NamedTuple):
    """How a kind is written."""

    model: str
    """Of the document in Tryton; the companion module gives it our key."""
    plural: str
    """The plural that a person uses for these documents."""
    creates: tuple[str, ...]
    """Models of which Satchel's user must be allowed to create records."""
    sender: Callable[[Client, Lookups], Sender]


WRITES: dict[str, Write] = {
    ORDER.name: Write(SALE, "orders", (SALE, "sale.line"), Orders),
    EXPENSE_CLAIM.name: Write(
        INVOICE, "expense claims", (INVOICE, "account.invoice.line", "ir.attachment"), ExpenseClaims
    ),
}
"""By kind. Forecasts are not among them, because Tryton has no document of its own for each of them."""


def source(collection: str, lookups: Lookups, features: Features) -> Source:
    """Return the source of *collection*; raises `ErpError` for one that Tryton does not have."""
    if collection not in READS:
        raise ErpError(ErrorClass.CONFIG, f"The Tryton connector does not read {collection!r}.")
    return READS[collection].source(lookups, features)
