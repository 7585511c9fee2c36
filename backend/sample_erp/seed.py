"""The sample company on its first day; the same seed and date give the same company.

Separate from `run`, because only the first day needs the generators of customers, products and orders.
"""

import datetime as dt
import random

from backend.sample_erp import credit, customers, order_history, products
from backend.sample_erp.database import SampleDatabase


def create_company(db: SampleDatabase, seed: int, today: dt.date) -> bool:
    """Write the company into an empty database, in one transaction; return whether it was empty."""
    with db.transaction():
        if db.meta("seed"):
            return False
        products.create_products(db, random.Random(f"{seed} assortment"))  # nosec B311 # sample data
        customers.create_customers(db, random.Random(f"{seed} clientele"))  # nosec B311 # sample data
        order_history.create_orders(db, random.Random(f"{seed} history"), today)  # nosec B311 # sample data
        credit.refresh(db, today)
        credit.set_limits(db)
        db.execute(
            "INSERT INTO progress (order_id, field) SELECT id, 0 FROM orders"
            " WHERE transport IN ('confirmed', 'processing') AND approval <> 'credit_hold'"
        )
        db.set_meta("founded", today.isoformat())
        db.set_meta("seed", seed)
    return True
