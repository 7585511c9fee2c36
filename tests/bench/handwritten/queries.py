"""One query per collection: the rows that the rep may read and that were updated after a time, oldest first."""

from tests.bench.handwritten.schemas import (
    CustomerSchema,
    OrderSchema,
    ProductSchema,
    ReceivableSchema,
    StockLevelSchema,
    UnitSchema,
    WarehouseSchema,
)

PAGE = 2_000
"""Rows in a page."""

_AFTER = "(t.updated_at, t.id) > (%(after)s::timestamptz, %(after_id)s)"
_END = "ORDER BY t.updated_at, t.id LIMIT %(room)s"
_ASSIGNED = "t.warehouse_id = ANY(%(warehouses)s)"
_OF_CUSTOMERS = "JOIN customers c ON c.id = t.customer_id AND c.territory = ANY(%(territories)s)"

QUERIES = {
    "units": f"SELECT t.* FROM units t WHERE {_AFTER} {_END}",
    "warehouses": f"SELECT t.* FROM warehouses t WHERE {_AFTER} {_END}",
    "products": f"SELECT t.* FROM products t WHERE {_AFTER} {_END}",
    "customers": f"SELECT t.* FROM customers t WHERE t.territory = ANY(%(territories)s) AND {_AFTER} {_END}",
    "stock_levels": f"SELECT t.* FROM stock_levels t WHERE {_ASSIGNED} AND {_AFTER} {_END}",
    "orders": f"SELECT t.* FROM orders t {_OF_CUSTOMERS} WHERE {_AFTER} {_END}",
    "receivables": f"SELECT t.* FROM receivables t {_OF_CUSTOMERS} WHERE {_AFTER} {_END}",
}

SCHEMAS = {
    "units": UnitSchema(many=True),
    "warehouses": WarehouseSchema(many=True),
    "products": ProductSchema(many=True),
    "customers": CustomerSchema(many=True),
    "stock_levels": StockLevelSchema(many=True),
    "orders": OrderSchema(many=True),
    "receivables": ReceivableSchema(many=True),
}
