"""Orders, with the shipments and invoices that show their execution."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping import orders
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import Source, Trigger, by_id, flat, same

SALE, LINE, MOVE = "sale.sale", "sale.line", "stock.move"
SHIPMENT, INVOICE = "stock.shipment.out", "account.invoice"


def _of_lines(client: Client, lines: set[int]) -> list[int]:
    rows = client.search_read(LINE, [["id", "in", sorted(lines)]], ["sale"]) if lines else []
    return [row["sale"] for row in rows if row["sale"] is not None]


def _line_of(origin: str | None) -> int | None:
    model, _, number = (origin or "").partition(",")
    return int(number) if model == LINE and number.isdigit() else None


def _of_moves(client: Client, rows: list[Row]) -> list[int]:
    return _of_lines(client, {n for row in rows if (n := _line_of(row["origin"])) is not None})


def _of_shipments(client: Client, rows: list[Row]) -> list[int]:
    moves = flat(rows, "outgoing_moves")
    return _of_moves(client, client.search_read(MOVE, [["id", "in", moves]], ["origin"]) if moves else [])


def _of_invoices(client: Client, rows: list[Row]) -> list[int]:
    return flat(rows, "sales")


class Orders(Source):
    """All unfinished sales, and the others of the last `history_days`."""

    collection = "orders"
    model = SALE
    triggers = (
        Trigger(SALE, same()),
        Trigger(LINE, same("sale"), ["sale"]),
        # None of these certainly changes the sale's own stamp; a line never does.
        Trigger(SHIPMENT, _of_shipments, ["outgoing_moves"]),
        Trigger(INVOICE, _of_invoices, ["sales"], domain=[["type", "=", "out"]]),
        Trigger(MOVE, _of_moves, ["origin"], domain=[["origin", "like", f"{LINE},%"]]),
    )

    def __init__(self, lookups: Lookups, *, companion: bool) -> None:
        """*companion*: whether sales have the companion module's field for our key."""
        self.lookups = lookups
        self.fields = (*orders.SALE_FIELDS, *(["satchel_key"] if companion else []))

    def domain(self, client: Client) -> Domain:
        since = self.lookups.today() - dt.timedelta(days=self.lookups.options.history_days)
        alive = ["state", "not in", ["done", "cancelled"]]
        return [
            ["company", "=", self.lookups.company],
            ["OR", alive, ["sale_date", ">=", since], ["sale_date", "=", None]],
        ]

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        domain = [*self.domain(client), ["id", "in", roots]]
        sales = by_id(client.search_read(SALE, domain, self.fields))
        shared = _execution(client, list(sales.values()))
        shared["units"] = self.lookups.units()
        lines: dict[int, list[Row]] = defaultdict(list)
        order = [("sequence", "ASC NULLS FIRST"), ("id", "ASC")]
        for row in client.search_read(LINE, [["sale", "in", sorted(sales)]], orders.LINE_FIELDS, order=order):
            lines[row["sale"]].append(row)
        by_line = _by_line(client, [row for rows in lines.values() for row in rows])
        for root in roots:
            sale = sales.get(root)
            yield Item(str(root), sale and {"sale": sale, "lines": lines[root], **shared, **by_line})


def _execution(client: Client, sales: list[Row]) -> dict[str, Any]:
    """Return the shipments and invoices of *sales*, and the due date of each invoice."""
    shipment_ids, invoice_ids = flat(sales, "shipments"), flat(sales, "invoices")
    invoices = by_id(client.read(INVOICE, invoice_ids, orders.INVOICE_FIELDS))
    to_pay = flat(invoices.values(), "lines_to_pay")
    maturity = {
        row["id"]: row["maturity_date"] for row in client.read("account.move.line", to_pay, ["maturity_date"])
    }
    due: dict[int, dt.date | None] = {}
    for invoice in invoices.values():
        dates = [maturity[n] for n in invoice["lines_to_pay"] if maturity[n] is not None]
        due[invoice["id"]] = max(dates, default=None)
    return {
        "shipments": by_id(client.read(SHIPMENT, shipment_ids, orders.SHIPMENT_FIELDS)),
        "invoices": invoices,
        "due": due,
    }


def _by_line(client: Client, lines: list[Row]) -> dict[str, Any]:
    moves, billed = flat(lines, "moves"), flat(lines, "invoice_lines")
    return {
        "moves": by_id(client.read(MOVE, moves, orders.MOVE_FIELDS)),
        "invoice_lines": by_id(client.read("account.invoice.line", billed, orders.INVOICE_LINE_FIELDS)),
    }
