"""Commands for a person at the sample ERP, for demos and tests."""

import datetime as dt

from backend.sample_erp import credit, simulation
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.reps import TERRITORIES


class NotPossible(ValueError):
    """The command cannot be executed; the message says why."""


def move_customer(books: SampleDatabase, customer_id: str, territory: str) -> str:
    """Give a customer to another territory."""
    if territory not in TERRITORIES:
        raise NotPossible(f"there is no territory {territory}; there are {', '.join(TERRITORIES)}")
    _change(books, "UPDATE customers SET territory = ? WHERE id = ?", territory, customer_id)
    return f"{customer_id}: now in {territory}"


def rename_customer(books: SampleDatabase, customer_id: str, name: str) -> str:
    """Give a customer another name."""
    _change(books, "UPDATE customers SET name = ? WHERE id = ?", name, customer_id)
    return f"{customer_id}: now called {name}"


def close_customer(books: SampleDatabase, customer_id: str) -> str:
    """Close a customer's account: its orders are refused from now on."""
    _change(books, "UPDATE customers SET status = 'closed' WHERE id = ?", customer_id)
    return f"{customer_id}: closed"


def delete_customer(books: SampleDatabase, customer_id: str) -> str:
    """Delete a customer without orders."""
    with books.transaction():
        if books.one("SELECT 1 FROM orders WHERE customer_id = ?", customer_id):
            raise NotPossible(f"{customer_id} has orders and stays in the books; close it instead")
        if not books.do("DELETE FROM customers WHERE id = ?", customer_id):
            raise NotPossible(f"there is no customer {customer_id}")
        for table in ("addresses", "contacts", "credit", "receivables"):
            books.do(f"DELETE FROM {table} WHERE customer_id = ?", customer_id)  # noqa: S608
    return f"{customer_id}: deleted"


def set_limit(books: SampleDatabase, customer_id: str, limit: str, today: dt.date) -> str:
    """Set a customer's credit limit."""
    _change(books, 'UPDATE credit SET "limit" = ? WHERE customer_id = ?', limit, customer_id)
    with books.transaction():
        credit.refresh(books, today)
    return f"{customer_id}: limit {limit}"


def release(books: SampleDatabase, number_or_key: str) -> str:
    """Release a held order."""
    with books.transaction():
        order = books.one(
            "SELECT * FROM orders WHERE (number = ?1 OR satchel_key = ?1)"
            " AND approval IN ('credit_hold', 'blocked')",
            number_or_key,
        )
        if order is None:
            raise NotPossible(f"no held order is called {number_or_key}")
        return simulation.release(books, order)


def _change(books: SampleDatabase, sql: str, value: str, *more: str) -> None:
    with books.transaction():
        if not books.do(sql, value, *more):
            raise NotPossible(f"there is no customer {more[-1] if more else value}")
