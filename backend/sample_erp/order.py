"""One order of the sample ERP and its execution: reserved, shipped, invoiced, paid."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from backend.connectors.flatfile.files import (
    DELIVERIES,
    DELIVERY_LINES,
    INVOICES,
    ORDER_LINES,
    ORDERS,
    RECEIVABLES,
)
from backend.sample_erp.database import Cells, SampleDatabase

CENT = Decimal("0.01")
TAX = Decimal("0.19")
DUE_AFTER = dt.timedelta(days=30)


def cents(amount: Decimal) -> Decimal:
    """Round to the cent, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Order:
    """An order with its lines, deliveries and invoices, as rows of the files."""

    head: Cells
    lines: list[Cells]
    deliveries: list[Cells] = field(default_factory=list)
    delivery_lines: list[Cells] = field(default_factory=list)
    invoices: list[Cells] = field(default_factory=list)
    receivables: list[Cells] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.head["id"]

    def is_over(self) -> bool:
        """Return whether it is finished."""
        return self.head["transport"] in ("done", "cancelled")

    def add_up(self) -> None:
        """Compute the totals from the lines."""
        net = sum((Decimal(line["net"]) for line in self.lines), Decimal(0))
        tax = cents(net * TAX)
        self.head.update(net=f"{net:f}", tax=f"{tax:f}", gross=f"{net + tax:f}")

    def step(self, day: dt.date, *, in_parts: bool) -> str:
        """Execute the next step; return what was done.

        *in_parts*: ship or pay half of it first, if possible.
        """
        head = self.head
        if head["approval"] in ("credit_hold", "blocked", "pending") or self.is_over():
            return ""
        if head["transport"] in ("draft", "quotation"):
            head.update(transport="confirmed", approval="approved", delivery="waiting", billing="pending")
            return "confirmed"
        if not self.deliveries:
            self._plan(day, in_parts and len(self.lines) > 1)
            return "reserved"
        for delivery in self.deliveries:
            if delivery["status"] == "reserved":
                self._ship(delivery, day)
                return "shipped"
        if not self.invoices:
            self._invoice(day)
            return "invoiced"
        return self._pay(day, in_parts)

    def cancel(self) -> None:
        """Cancel it before anything was shipped."""
        self.head.update(transport="cancelled", delivery="none", billing="none")

    def _plan(self, day: dt.date, in_two: bool) -> None:
        half = len(self.lines) // 2 if in_two else len(self.lines)
        for number, lines in enumerate(filter(None, (self.lines[:half], self.lines[half:])), 1):
            id = f"{self.id}-D{number}"
            self.deliveries.append(
                {
                    "id": id,
                    "order_id": self.id,
                    "number": f"DN-{self.id.removeprefix('SO-')}-{number}",
                    "status": "reserved",
                    "date_planned": (day + dt.timedelta(days=2)).isoformat(),
                    "date_done": "",
                    "tracking": "",
                }
            )
            self.delivery_lines += [
                {
                    "order_id": self.id,
                    "delivery_id": id,
                    "line_no": line["line_no"],
                    "product_id": line["product_id"],
                    "unit": line["unit"],
                    "quantity": line["ordered"],
                }
                for line in lines
            ]
        self.head.update(transport="processing", delivery="waiting")

    def _ship(self, delivery: Cells, day: dt.date) -> None:
        delivery.update(status="done", date_done=day.isoformat(), tracking=f"TR{delivery['number'][3:]}")
        shipped = {part["line_no"] for part in self.delivery_lines if part["delivery_id"] == delivery["id"]}
        for line in self.lines:
            if line["line_no"] in shipped:
                line["delivered"] = line["ordered"]
        done = all(line["delivered"] == line["ordered"] for line in self.lines)
        self.head["delivery"] = "delivered" if done else "partial"

    def _invoice(self, day: dt.date) -> None:
        for line in self.lines:
            line["invoiced"] = line["delivered"]
        number, due, gross = f"IN-{self.id.removeprefix('SO-')}", day + DUE_AFTER, self.head["gross"]
        self.invoices.append(
            {
                "id": number,
                "order_id": self.id,
                "number": number,
                "date": day.isoformat(),
                "due_date": due.isoformat(),
                "gross": gross,
                "open_amount": gross,
                "status": "open",
                "credit_note": "no",
            }
        )
        self._book(number, "invoice", day, due.isoformat(), Decimal(gross), Decimal(gross))
        self.head["billing"] = "invoiced"

    def _pay(self, day: dt.date, in_parts: bool) -> str:
        invoice = self.invoices[0]
        owed = Decimal(invoice["open_amount"])
        paid = cents(owed / 2) if in_parts and invoice["status"] == "open" and owed > 1 else owed
        unpaid = owed - paid
        invoice.update(open_amount=f"{unpaid:f}", status="part_paid" if unpaid else "paid")
        for item in self.receivables:
            if item["id"] == invoice["number"]:
                item["open_amount"] = f"{unpaid:f}"
        count = sum(item["type"] == "payment" for item in self.receivables) + 1
        self._book(f"PM-{self.id.removeprefix('SO-')}-{count}", "payment", day, "", -paid, Decimal(0))
        self.head.update(
            billing="part_paid" if unpaid else "paid", transport="processing" if unpaid else "done"
        )
        return "paid"

    def _book(self, id: str, kind: str, day: dt.date, due: str, amount: Decimal, open_amount: Decimal) -> None:
        self.receivables.append(
            {
                "id": id,
                "customer_id": self.head["customer_id"],
                "type": kind,
                "number": id,
                "date": day.isoformat(),
                "due_date": due,
                "amount": f"{amount:f}",
                "open_amount": f"{open_amount:f}",
                "currency": self.head["currency"],
                "order_number": self.head["number"],
            }
        )


def load(db: SampleDatabase, id: str) -> Order | None:
    """Return the order *id*, or None."""
    head = db.row("SELECT * FROM orders WHERE id = ?", id)
    if head is None:
        return None

    def rows(sql: str, value: str = id) -> list[Cells]:
        return [dict(row) for row in db.rows(sql, value)]

    return Order(
        dict(head),
        rows("SELECT * FROM order_lines WHERE order_id = ? ORDER BY CAST(line_no AS INTEGER)"),
        rows("SELECT * FROM deliveries WHERE order_id = ? ORDER BY id"),
        rows("SELECT * FROM delivery_lines WHERE order_id = ?"),
        rows("SELECT * FROM invoices WHERE order_id = ? ORDER BY id"),
        rows("SELECT * FROM receivables WHERE order_number = ? ORDER BY id", head["number"]),
    )


def save(db: SampleDatabase, *orders: Order) -> None:
    """Write *orders* with their lines, deliveries and invoices."""
    db.put(ORDERS, [order.head for order in orders])
    db.put(ORDER_LINES, [line for order in orders for line in order.lines])
    db.put(DELIVERIES, [delivery for order in orders for delivery in order.deliveries])
    db.put(DELIVERY_LINES, [line for order in orders for line in order.delivery_lines])
    db.put(INVOICES, [invoice for order in orders for invoice in order.invoices])
    db.put(RECEIVABLES, [item for order in orders for item in order.receivables])
