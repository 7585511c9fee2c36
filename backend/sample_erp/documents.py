"""Import documents: each once, in one transaction, and acknowledge them afterwards.

A power cut after the transaction leaves an answer that is not written yet; it is written at the next round.
A document that comes again is answered as before, under the same number.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from backend.connectors.flatfile.layout import ACK, FORECAST, MANIFEST, Layout
from backend.connectors.flatfile.manifest import ManifestFault, read_manifest
from backend.failpoints import failpoint
from backend.sample_erp import credit
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.order import Order, cents, save
from backend.sample_erp.replies import Reply, remember, still_answered
from backend.sample_erp.rules import Rows, Verdict, judge_claim, judge_order


def take_up(layout: Layout, books: SampleDatabase, *, hold: bool) -> list[str]:
    """Import every finished document that is not answered.

    Return a line per document that says what was done.
    """
    lines = []
    for manifest in sorted(layout.to_erp.glob(f"*{MANIFEST}")):
        stem = manifest.name.removesuffix(MANIFEST)
        if (layout.acks / f"{ACK}{stem}{MANIFEST}").exists():
            continue
        try:
            rows = _rows(manifest)
        except FileNotFoundError:
            continue  # put away meanwhile
        except ManifestFault as fault:
            lines.append(f"{stem}: not taken up: {fault}")
            continue
        with books.transaction():
            if still_answered(books, stem):
                lines.append(f"{stem}: came again and is answered as before")
            else:
                reply = _process(books, stem, rows, hold)
                remember(books, stem, reply)
                lines.append(f"{stem}: {reply.words}")
                failpoint("sample_erp.before_commit")
        failpoint("sample_erp.after_commit")
    return lines


def _rows(manifest: Path) -> list[dict[str, str]]:
    """Return the rows of a document after checking its files. Raises `ManifestFault`, FileNotFoundError."""
    content = read_manifest(manifest)
    receipts: Mapping[str, str] = content.more.get("receipts") or {}
    wanted = {**{name: entry.sha256 for name, entry in content.files.items()}, **receipts}
    contents = {name: (manifest.parent / name).read_bytes() for name in wanted}
    for name, sha256 in wanted.items():
        if hashlib.sha256(contents[name]).hexdigest() != sha256:
            raise ManifestFault(f"{name} is not what the manifest says")
    [data] = content.files
    return [_plain(row) for row in csv.DictReader(io.StringIO(contents[data].decode(), newline=""))]


def _plain(row: Mapping[str, Any]) -> dict[str, str]:
    """Remove the leading apostrophe that stops a spreadsheet from reading a formula."""
    return {
        name: value[1:] if value[:1] == "'" and value[1:2] in set("=+-@\t\r") else value
        for name, value in row.items()
    }


def _process(books: SampleDatabase, stem: str, rows: list[dict[str, str]], hold: bool) -> Reply:
    if FORECAST.fullmatch(stem):
        return _forecast(books, stem, rows)
    key = rows[0]["satchel_key"]
    if stem.startswith("EXPENSE_CLAIM_"):
        return _claim(books, key, rows)
    return _order(books, key, rows, hold)


def _order(books: SampleDatabase, key: str, rows: Rows, hold: bool) -> Reply:
    head = rows[0]
    order = _as_order(books, key, rows)
    gross = Decimal(order.head["gross"])
    verdict = judge_order(books, rows, credit.room(books, head["customer_id"]), gross, hold)
    if verdict.status == "reject":
        return _reply(key, rows, verdict, "")
    number = f"SO-{books.count_up('order', 100001)}"
    order.head.update(id=number, number=number)
    for line in order.lines:
        line["order_id"] = number
    if verdict.status == "hold":
        blocked = verdict.faults[0][0] == "customer_blocked"
        order.head.update(transport="quotation", approval="blocked" if blocked else "credit_hold")
        if verdict.faults[0][0] == "held":
            books.note("held_by_hand", f"{books.meta('held_by_hand')} {number}")
    else:
        order.head.update(transport="confirmed", approval="approved", delivery="waiting", billing="pending")
        books.do("INSERT INTO progress (order_id, field) VALUES (?, 1)", number)
    save(books, order)
    return _reply(key, rows, verdict, number)


def _as_order(books: SampleDatabase, key: str, rows: Rows) -> Order:
    head = rows[0]
    names = ", ".join("?" * len(rows))
    products = books.rows(
        f"SELECT id, name FROM products WHERE id IN ({names})",  # noqa: S608
        *[row["product_id"] for row in rows],
    )
    described = {row["id"]: row["name"] for row in products}
    lines = []
    for row in rows:
        factor = 1 - Decimal(row["discount_percent"] or "0") / 100
        price = Decimal(row["unit_price"])
        lines.append(
            {
                "order_id": "",
                "line_no": row["line_no"],
                "product_id": row["product_id"],
                "description": described.get(row["product_id"], ""),
                "unit": row["unit"],
                "ordered": row["quantity"],
                "delivered": "0",
                "invoiced": "0",
                "unit_price": row["unit_price"],
                "net": f"{cents(price * Decimal(row['quantity']) * factor):f}",
            }
        )
    order = Order(
        {
            "id": "",
            "number": "",
            "customer_id": head["customer_id"],
            "satchel_key": key,
            "customer_reference": head["customer_reference"],
            "order_date": head["order_date"],
            "requested_date": head["requested_date"],
            "currency": head["currency"],
            "warehouse_id": head["warehouse_id"] or "W1",
            "transport": "draft",
            "approval": "none",
            "delivery": "none",
            "billing": "none",
        },
        lines,
    )
    order.add_up()
    return order


def _claim(books: SampleDatabase, key: str, rows: Rows) -> Reply:
    verdict = judge_claim(books, rows)
    if verdict.status == "reject":
        return _reply(key, rows, verdict, "")
    number = f"EX-{books.count_up('expense_claim', 1):06d}"
    total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    books.do(
        "INSERT INTO expense_claims (number, satchel_key, employee, customer_id, total, currency)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(number, key, rows[0]["employee_number"], rows[0]["customer_id"], f"{total:f}", rows[0]["currency"]),
    )
    return _reply(key, rows, verdict, number)


def _forecast(books: SampleDatabase, stem: str, rows: Rows) -> Reply:
    """Set the sums unless a file with a higher number has set them."""
    match = FORECAST.fullmatch(stem)
    number = int(match["number"]) if match else 0
    for row in rows:
        books.do(
            "INSERT INTO forecasts (warehouse_id, period, product_id, quantity, unit, file)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET quantity = excluded.quantity, unit = excluded.unit, file = excluded.file"
            " WHERE excluded.file > forecasts.file",
            *(row["warehouse_id"], row["period"], row["product_id"], row["quantity"], row["unit"], number),
        )
    return _reply(stem, rows, Verdict("ok", {}), stem)


def _reply(key: str, rows: Rows, verdict: Verdict, number: str) -> Reply:
    lines = []
    for row in rows:
        code, text = verdict.faults.get(int(row["line_no"])) or verdict.faults.get(0) or ("", "")
        status = verdict.status
        if verdict.status == "reject" and not code:
            status = "ok"  # the order is refused for another line
        lines.append([key, row["line_no"], status, number, number, code, text])
    return Reply(verdict.status, number, lines)
