"""What customers owe the sample company, and their credit limits."""

import datetime as dt
from decimal import Decimal

from backend.sample_erp.database import SampleDatabase

TIGHT_EVERY, UNLIMITED_EVERY = 20, 7

OPEN_ITEMS = """
SELECT customer_id, SUM(CAST(ROUND(open_amount * 100) AS INTEGER)) AS owed,
       SUM(CASE WHEN due_date <> '' AND due_date < :today
           THEN CAST(ROUND(open_amount * 100) AS INTEGER) ELSE 0 END) AS overdue,
       MIN(CASE WHEN due_date <> '' AND due_date < :today THEN due_date END) AS oldest
FROM receivables WHERE open_amount NOT IN ('0', '0.00') GROUP BY customer_id
"""

OPEN_ORDERS = """
SELECT customer_id, SUM(CAST(ROUND(gross * 100) AS INTEGER)) AS ordered FROM orders
WHERE transport IN ('confirmed', 'processing') AND billing IN ('none', 'pending')
  AND approval NOT IN ('credit_hold', 'blocked') GROUP BY customer_id
"""


def refresh(db: SampleDatabase, today: dt.date) -> None:
    """Compute exposure and overdue amounts of every customer again."""
    items = {row["customer_id"]: row for row in db.rows(OPEN_ITEMS.replace(":today", "?1"), today.isoformat())}
    ordered = {row["customer_id"]: row["ordered"] for row in db.rows(OPEN_ORDERS)}
    for row in db.rows("SELECT customer_id, exposure, overdue, oldest_due_date FROM credit"):
        key = row["customer_id"]
        item = items.get(key)
        exposure = _money((item["owed"] if item else 0) + ordered.get(key, 0))
        overdue = _money(item["overdue"] if item else 0)
        oldest = (item["oldest"] if item else None) or ""
        if (exposure, overdue, oldest) != (row["exposure"], row["overdue"], row["oldest_due_date"]):
            db.execute(
                "UPDATE credit SET exposure = ?, overdue = ?, oldest_due_date = ? WHERE customer_id = ?",
                *(exposure, overdue, oldest, key),
            )


def set_limits(db: SampleDatabase) -> None:
    """Set limits once: most customers are below, every twentieth has reached it, every seventh has no limit."""
    for row in db.rows("SELECT customer_id, exposure FROM credit"):
        number, exposure = int(row["customer_id"][1:]), Decimal(row["exposure"])
        if number % TIGHT_EVERY == 0:
            limit = f"{exposure.quantize(Decimal(1)) + 1}.00"
        elif number % UNLIMITED_EVERY == 0:
            limit = ""
        else:
            limit = f"{(int(exposure) // 5000 + 1) * 10000 + 20000}.00"
        db.execute('UPDATE credit SET "limit" = ? WHERE customer_id = ?', limit, row["customer_id"])


def room(db: SampleDatabase, customer_id: str) -> Decimal | None:
    """Return how much more the customer may owe; None for no limit."""
    row = db.row('SELECT "limit", exposure FROM credit WHERE customer_id = ?', customer_id)
    if row is None or not row["limit"]:
        return None
    return Decimal(row["limit"]) - Decimal(row["exposure"])


def _money(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"
