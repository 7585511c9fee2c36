"""Receivables and credit, from the lines of receivable accounts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from backend.clock import instant
from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping import credit, receivables
from backend.connectors.tryton.reads.customers import PartySource
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import Source, Trigger, by_id, flat, same

LINE = "account.move.line"
INVOICE = "account.invoice"
RECEIVABLE: Domain = [["account.type.receivable", "=", True], ["party", "!=", None]]
POSTED: Domain = ["move.state", "=", "posted"]
INVOICE_LINES = ("lines_to_pay", "payment_lines")


def _of_invoices(client: Client, rows: list[Row]) -> list[int]:
    return flat(rows, *INVOICE_LINES)


def _of_moves(client: Client, rows: list[Row]) -> list[int]:
    return client.search(LINE, [*RECEIVABLE, ["move", "in", [row["id"] for row in rows]]])


class Receivables(Source):
    """All open lines, and settled ones of the last `history_days`. Payments are lines too."""

    collection = "receivables"
    model = LINE
    triggers = (
        Trigger(LINE, same(), domain=RECEIVABLE),
        # Posting and paying change an invoice or a move, and perhaps not its lines.
        Trigger(INVOICE, _of_invoices, INVOICE_LINES, domain=[["type", "=", "out"]]),
        Trigger("account.move", _of_moves),
    )

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def domain(self, client: Client) -> Domain:
        since = self.lookups.today() - dt.timedelta(days=self.lookups.options.history_days)
        return [
            *RECEIVABLE, POSTED, ["company", "=", self.lookups.company],
            ["OR", ["reconciliation", "=", None], ["move.date", ">=", since]],
        ]  # fmt: skip

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        domain = [*self.domain(client), ["id", "in", roots]]
        lines = by_id(client.search_read(LINE, domain, receivables.LINE_FIELDS))
        invoices, belongs = _invoices(client, list(lines.values()))
        currency = self.lookups.currency()["code"]
        shares = self._shares(client, invoices)
        for root in roots:
            if root not in lines:
                yield Item(str(root), None)
                continue
            line, invoice = lines[root], invoices.get(belongs.get(root, 0))
            open_amount = Decimal(0)
            if line["reconciliation"] is None:
                open_amount = shares.get(root, receivables.amount_of(line))
            yield Item(str(root), {"line": line, "invoice": invoice, "open": open_amount, "currency": currency})

    def _shares(self, client: Client, invoices: dict[int, Row]) -> dict[int, Decimal]:
        """Return the open amount of each line of *invoices*, with part payments subtracted."""
        ids = flat(invoices.values(), *INVOICE_LINES)
        lines = by_id(client.search_read(LINE, [["id", "in", ids]], receivables.LINE_FIELDS)) if ids else {}
        shares: dict[int, Decimal] = {}
        for invoice in invoices.values():
            own = [lines[n] for n in flat([invoice], *INVOICE_LINES) if n in lines]
            shares |= receivables.open_amounts(own, invoice["lines_to_pay"], invoice["payment_lines"])
        return shares


def _invoices(client: Client, lines: list[Row]) -> tuple[dict[int, Row], dict[int, int]]:
    """Return the invoices of *lines* (also of payments), by id, and which line belongs to which invoice."""
    named = {line["id"]: _invoice_of(line["move_origin"]) for line in lines}
    ids = [line["id"] for line in lines]
    paid = client.search_read(INVOICE, [["payment_lines", "in", ids]], ["payment_lines"]) if ids else []
    belongs = {line: invoice for line, invoice in named.items() if invoice}
    belongs |= {line: row["id"] for row in paid for line in row["payment_lines"]}
    invoice_ids = sorted(set(belongs.values()))
    domain = [["id", "in", invoice_ids], ["type", "=", "out"]]
    rows = client.search_read(INVOICE, domain, receivables.INVOICE_FIELDS) if invoice_ids else []
    return by_id(rows), belongs


def _invoice_of(origin: str | None) -> int:
    model, _, number = (origin or "").partition(",")
    return int(number) if model == INVOICE and number.isdigit() else 0


class Credit(PartySource):
    """Limit, exposure and overdue amount of each customer; a snapshot, because dates pass."""

    collection = "credit"
    snapshot = True
    triggers = (
        Trigger("party.party", same()),
        Trigger(LINE, same("party"), ["party"], domain=RECEIVABLE),
        Trigger("account.move", lambda c, rows: _parties_of_moves(c, rows)),
        Trigger("sale.sale", same("party"), ["party"]),
        Trigger(INVOICE, same("party"), ["party"], domain=[["type", "=", "out"]]),
    )

    def __init__(self, lookups: Lookups, now: Callable[[], dt.datetime] | None = None) -> None:
        super().__init__(lookups)
        self._now = now or (lambda: dt.datetime.now(dt.UTC))

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        domain = [*self.domain(client), ["id", "in", roots]]
        parties = by_id(client.search_read("party.party", domain, credit.FIELDS))
        lines: dict[int, list[Row]] = defaultdict(list)
        open_items = [*RECEIVABLE, POSTED, ["party", "in", roots], ["reconciliation", "=", None]]
        for row in client.search_read(LINE, open_items, ["party", "debit", "credit", "date", "maturity_date"]):
            lines[row["party"]].append(row)
        shared: dict[str, Any] = {"today": self.lookups.today(), "as_of": instant(self._now())}
        for root in roots:
            party = parties.get(root)
            yield Item(str(root), party and {"party": party, "lines": lines[root], **shared})


def _parties_of_moves(client: Client, rows: list[Row]) -> list[int]:
    ids = [row["id"] for row in rows]
    lines = client.search_read(LINE, [*RECEIVABLE, ["move", "in", ids]], ["party"])
    return [row["party"] for row in lines]
