"""The sample company on its first day; the same seed and date give the same company.

Separate from `run`, because only the first day needs the generators of customers, products and orders.
"""

import datetime as dt
import random

from backend.sample_erp import credit, customers, order_history, products
from backend.sample_erp.database import SampleDatabase


def create_company(books: SampleDatabase, seed: int, today: dt.date) -> bool:
    """Write the company into an empty database, in one transaction; return whether it was empty."""
    with books.transaction():
        if books.meta("seed"):
            return False
        products.create_products(books, random.Random(f"{seed} assortment"))
        customers.create_customers(books, random.Random(f"{seed} clientele"))
        order_history.create_orders(books, random.Random(f"{seed} history"), today)
        credit.refresh(books, today)
        credit.set_limits(books)
        books.do(
            "INSERT INTO progress (order_id, field) SELECT id, 0 FROM orders"
            " WHERE transport IN ('confirmed', 'processing') AND approval <> 'credit_hold'"
        )
        books.note("founded", today.isoformat())
        books.note("seed", seed)
    return True
