"""Commands for a person at the sample ERP, for demos and tests.

Each returns a sentence about what it did, and raises `NotPossible` for a customer, territory or order that it
cannot change.
"""

import datetime as dt

from backend.sample_erp import credit, simulation
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.reps import TERRITORIES
from sync_protocol.document_reference import refers_to


class NotPossible(ValueError):
    """The command cannot be executed; the message says why."""


def move_customer(db: SampleDatabase, customer_id: str, territory: str) -> str:
    """Give a customer to another territory."""
    if territory not in TERRITORIES:
        raise NotPossible(f"there is no territory {territory}; there are {', '.join(TERRITORIES)}")
    _change(db, "UPDATE customers SET territory = ? WHERE id = ?", territory, customer_id)
    return f"{customer_id}: now in {territory}"


def rename_customer(db: SampleDatabase, customer_id: str, name: str) -> str:
    """Give a customer another name."""
    _change(db, "UPDATE customers SET name = ? WHERE id = ?", name, customer_id)
    return f"{customer_id}: now called {name}"


def close_customer(db: SampleDatabase, customer_id: str) -> str:
    """Close a customer's account: its orders are refused from now on."""
    _change(db, "UPDATE customers SET status = 'closed' WHERE id = ?", customer_id)
    return f"{customer_id}: closed"


def delete_customer(db: SampleDatabase, customer_id: str) -> str:
    """Delete a customer without orders."""
    with db.transaction():
        if db.row("SELECT 1 FROM orders WHERE customer_id = ?", customer_id):
            raise NotPossible(f"{customer_id} has orders and is kept; close it instead")
        if not db.execute("DELETE FROM customers WHERE id = ?", customer_id):
            raise NotPossible(f"there is no customer {customer_id}")
        db.execute("DELETE FROM addresses WHERE customer_id = ?", customer_id)
        db.execute("DELETE FROM contacts WHERE customer_id = ?", customer_id)
        db.execute("DELETE FROM credit WHERE customer_id = ?", customer_id)
        db.execute("DELETE FROM receivables WHERE customer_id = ?", customer_id)
    return f"{customer_id}: deleted"


def set_limit(db: SampleDatabase, customer_id: str, limit: str, today: dt.date) -> str:
    """Set a customer's credit limit."""
    _change(db, 'UPDATE credit SET "limit" = ? WHERE customer_id = ?', limit, customer_id)
    with db.transaction():
        credit.refresh(db, today)
    return f"{customer_id}: limit {limit}"


def release(db: SampleDatabase, number_or_key: str) -> str:
    """Release a held order."""
    with db.transaction():
        waiting = db.rows("SELECT * FROM orders WHERE approval IN ('credit_hold', 'blocked')")
        orders = [row for row in waiting if refers_to(number_or_key, row["satchel_key"], row["number"])]
        if len(orders) != 1:
            raise NotPossible(f"{'more than one' if orders else 'no'} held order is called {number_or_key}")
        return simulation.release(db, orders[0])


def _change(db: SampleDatabase, sql: str, value: str, *more: str) -> None:
    with db.transaction():
        if not db.execute(sql, value, *more):
            raise NotPossible(f"there is no customer {more[-1] if more else value}")
