"""All collections that the connector reads, parents first."""

from collections.abc import Callable

from backend.connectors.tryton.features import SALE, Features
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.reads.contacts import Contacts
from backend.connectors.tryton.reads.customers import Customers
from backend.connectors.tryton.reads.master import ExpenseCategories, PriceLists, Units, Warehouses
from backend.connectors.tryton.reads.money import Credit, Receivables
from backend.connectors.tryton.reads.orders import Orders
from backend.connectors.tryton.reads.prices import Prices
from backend.connectors.tryton.reads.products import Products
from backend.connectors.tryton.reads.stock_levels import StockLevels
from backend.connectors.tryton.sources import Source
from backend.erp.errors import ErpError, ErrorClass

SOURCES: dict[str, Callable[[Lookups, Features], Source]] = {
    "units": lambda lookups, found: Units(lookups),
    "warehouses": lambda lookups, found: Warehouses(lookups),
    "price_lists": lambda lookups, found: PriceLists(lookups),
    "expense_categories": lambda lookups, found: ExpenseCategories(lookups),
    "customers": lambda lookups, found: Customers(lookups),
    "contacts": lambda lookups, found: Contacts(lookups, relations=found.relations),
    "products": lambda lookups, found: Products(lookups),
    "prices": lambda lookups, found: Prices(lookups),
    "stock_levels": lambda lookups, found: StockLevels(lookups),
    "orders": lambda lookups, found: Orders(lookups, companion=SALE in found.keyed),
    "receivables": lambda lookups, found: Receivables(lookups),
    "credit": lambda lookups, found: Credit(lookups),
}
COLLECTIONS = tuple(SOURCES)


def source(collection: str, lookups: Lookups, found: Features) -> Source:
    """Return where *collection* comes from; raises `ErpError` for one that Tryton does not have."""
    if collection not in SOURCES:
        raise ErpError(ErrorClass.CONFIG, f"The Tryton connector does not read {collection!r}.")
    return SOURCES[collection](lookups, found)
