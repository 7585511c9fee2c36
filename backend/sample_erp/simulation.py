"""The simulation: orders are executed, stock moves, invoices are paid, holds are checked again."""

import datetime as dt
import random
import sqlite3
from decimal import Decimal

from backend.connectors.flatfile.files import STOCK
from backend.sample_erp import credit
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.order import Order, load, save
from backend.sample_erp.replies import Reply, remember

OTHERS_EACH_ROUND = 3
ARRIVALS_EACH_ROUND = 2


def run_round(db: SampleDatabase, today: dt.date) -> list[str]:
    """Execute one step of every order from the field and of a few others; return what was done."""
    events: list[str] = []
    with db.transaction():
        round_number = db.count_up("round", 1)
        chance = random.Random(f"{db.meta('seed')} round {round_number}")  # nosec B311 # sample data
        field = [row["order_id"] for row in db.rows("SELECT order_id FROM progress WHERE field = 1 ORDER BY 1")]
        others = [
            row["order_id"] for row in db.rows("SELECT order_id FROM progress WHERE field = 0 ORDER BY 1")
        ]
        for id in [*field, *chance.sample(others, min(OTHERS_EACH_ROUND, len(others)))]:
            order = load(db, id)
            done = _step(db, order, today, chance) if order else ""
            if order is None or order.is_over() or not done:
                db.execute("DELETE FROM progress WHERE order_id = ?", id)
            if done and id in field:
                events.append(f"{id}: {done}")
        _goods_arrive(db, chance)
        credit.refresh(db, today)
        events += _look_at_holds(db)
    return events


def release(db: SampleDatabase, order: sqlite3.Row) -> str:
    """Release a held order: confirm it and write a second acknowledgement."""
    db.execute(
        "UPDATE orders SET transport = 'confirmed', approval = 'approved', delivery = 'waiting',"
        " billing = 'pending' WHERE id = ?",
        order["id"],
    )
    if not order["satchel_key"]:
        db.execute("INSERT OR REPLACE INTO progress (order_id, field) VALUES (?, 0)", order["id"])
        return f"{order['id']}: released"
    db.execute("INSERT OR REPLACE INTO progress (order_id, field) VALUES (?, 1)", order["id"])
    numbers = db.rows(
        "SELECT line_no FROM order_lines WHERE order_id = ? ORDER BY CAST(line_no AS INTEGER)", order["id"]
    )
    lines = [
        [order["satchel_key"], row["line_no"], "ok", order["id"], order["number"], "", "", order["net"]]
        for row in numbers
    ]
    remember(db, f"ORDER_{order['satchel_key']}", Reply("ok", order["number"], lines))
    return f"{order['id']}: released"


def _step(db: SampleDatabase, order: Order, today: dt.date, chance: random.Random) -> str:
    shipped_before = {delivery["id"] for delivery in order.deliveries if delivery["status"] == "done"}
    done = order.step(today, in_parts=chance.random() < 0.4)
    if done == "reserved":
        for line in order.delivery_lines:
            _move(db, order.head["warehouse_id"], line, on_hand=0, reserved=1)
    elif done == "shipped":
        now_shipped = {
            delivery["id"] for delivery in order.deliveries if delivery["status"] == "done"
        } - shipped_before
        for line in order.delivery_lines:
            if line["delivery_id"] in now_shipped:
                _move(db, order.head["warehouse_id"], line, on_hand=-1, reserved=-1)
    save(db, order)
    return done


def _move(db: SampleDatabase, warehouse: str, line: dict[str, str], *, on_hand: int, reserved: int) -> None:
    """Add the line's quantity, in base units, *on_hand* and *reserved* times to the stock level."""
    level = db.row(
        "SELECT * FROM stock WHERE product_id = ? AND warehouse_id = ?", line["product_id"], warehouse
    )
    product = db.row("SELECT units FROM products WHERE id = ?", line["product_id"])
    if level is None or product is None:
        return
    factors = dict(part.split(":") for part in product["units"].split("|"))
    quantity = Decimal(line["quantity"]) * Decimal(factors.get(line["unit"], "1"))
    # What was promised before the database was created is not in `reserved`; it never falls below nothing.
    reserved_total = max(Decimal(0), Decimal(level["reserved"]) + quantity * reserved)
    there = max(Decimal(0), Decimal(level["on_hand"]) + quantity * on_hand)
    db.put(
        STOCK,
        [
            {
                **dict(level),
                "on_hand": _plain(there),
                "reserved": _plain(reserved_total),
                "available": _plain(there - reserved_total),
            }
        ],
    )


def _goods_arrive(db: SampleDatabase, chance: random.Random) -> None:
    levels = db.rows("SELECT * FROM stock ORDER BY product_id, warehouse_id")
    for level in chance.sample(levels, min(ARRIVALS_EACH_ROUND, len(levels))):
        more = chance.randint(10, 200)
        there, free = Decimal(level["on_hand"]) + more, Decimal(level["available"]) + more
        db.put(STOCK, [{**dict(level), "on_hand": _plain(there), "available": _plain(free)}])


def _look_at_holds(db: SampleDatabase) -> list[str]:
    """Release orders that were held for credit and are now below the limit, but none that a person held."""
    events = []
    by_hand = set(db.meta("held_by_hand").split())
    for order in db.rows("SELECT * FROM orders WHERE approval = 'credit_hold' ORDER BY id"):
        room = credit.room(db, order["customer_id"])
        if order["id"] not in by_hand and (room is None or Decimal(order["gross"]) <= room):
            events.append(release(db, order))
    return events


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}" if number else "0"
