"""The sample company's last year: two thousand orders, each executed as far as its age suggests."""

import datetime as dt
import random
import sqlite3
from decimal import Decimal

from backend.sample_erp.customers import status_of
from backend.sample_erp.database import Cells, SampleDatabase
from backend.sample_erp.order import Order, cents, save
from backend.sample_erp.reps import WAREHOUSE_OF

ORDERS_NUMBER = 2000
FIRST_NUMBER = 100001
DAYS = 365
UNPAID_SHARE, CANCELLED_SHARE = 0.06, 0.04

Price = tuple[str, str, Decimal]
"""Product, unit, amount."""


def create_orders(db: SampleDatabase, chance: random.Random, today: dt.date) -> None:
    """Write the orders with their deliveries, invoices and payments, up to *today*."""
    customers = db.rows("SELECT * FROM customers ORDER BY id")
    names = {row["id"]: row["name"] for row in db.rows("SELECT id, name FROM products")}
    prices: dict[str, list[Price]] = {}
    for row in db.rows(
        "SELECT price_list_id, product_id, unit, amount FROM prices WHERE min_quantity = '0'"
        " AND product_id IN (SELECT id FROM products WHERE sellable = 'yes') ORDER BY product_id, unit"
    ):
        prices.setdefault(row["price_list_id"], []).append(
            (row["product_id"], row["unit"], Decimal(row["amount"]))
        )
    made = []
    for n in range(ORDERS_NUMBER):
        age = DAYS - n * DAYS // ORDERS_NUMBER
        customer = chance.choice(customers)
        while status_of(int(customer["id"][1:])) != "active" and (age < 90 or customer["status"] == "prospect"):
            customer = chance.choice(customers)
        number = f"SO-{FIRST_NUMBER + n}"
        day = today - dt.timedelta(days=age)
        order = _order(number, customer, day, prices[customer["price_list_id"]], names, chance)
        _live_through(order, day, today, chance)
        made.append(order)
    save(db, *made)
    db.set_meta("order", FIRST_NUMBER + ORDERS_NUMBER - 1)


def _order(
    number: str,
    customer: sqlite3.Row,
    day: dt.date,
    prices: list[Price],
    names: dict[str, str],
    chance: random.Random,
) -> Order:
    head: Cells = {
        "id": number,
        "number": number,
        "customer_id": customer["id"],
        "satchel_key": "",
        "customer_reference": f"PO {chance.randint(1000, 9999)}" if chance.random() < 0.5 else "",
        "order_date": day.isoformat(),
        "requested_date": (day + dt.timedelta(days=chance.randint(3, 20))).isoformat(),
        "currency": customer["currency"],
        "warehouse_id": WAREHOUSE_OF[customer["territory"]],
        "transport": "quotation",
        "approval": "none",
        "delivery": "none",
        "billing": "none",
    }
    lines = []
    for line_no, (product, unit, amount) in enumerate(chance.sample(prices, chance.randint(1, 7)), 1):
        quantity = chance.choice((1, 2, 3, 5, 10, 20)) * (100 if unit == "g" else 1)
        net = cents(amount * quantity)
        lines.append(
            {
                "order_id": number,
                "line_no": str(line_no),
                "product_id": product,
                "description": names[product],
                "unit": unit,
                "ordered": str(quantity),
                "delivered": "0",
                "invoiced": "0",
                "unit_price": f"{amount:f}",
                "net": f"{net:f}",
            }
        )
    order = Order(head, lines)
    order.add_up()
    return order


def _live_through(order: Order, day: dt.date, today: dt.date, chance: random.Random) -> None:
    """Execute *order* as far as most orders get between *day* and *today*."""
    if chance.random() < CANCELLED_SHARE:
        order.cancel()
        return
    if (today - day).days < 3 and chance.random() < 0.3:
        order.head["transport"] = chance.choice(("draft", "quotation"))
        return
    in_parts = chance.random() < 0.25
    unpaid = chance.random() < UNPAID_SHARE
    for done_days in (0, 2, 5, 9, 14, 40, 55):
        day_done = day + dt.timedelta(days=done_days + chance.randint(0, 3))
        if day_done > today or (unpaid and order.invoices):
            return
        order.step(day_done, in_parts=in_parts)
        if order.is_over():
            return
