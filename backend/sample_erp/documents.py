"""Import documents: each once, in one transaction, and acknowledge them afterwards.

A power cut after the transaction leaves an answer that is not written yet; it is written at the next round.
A document that comes again is answered as before, under the same number.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from backend.connectors.flatfile.layout import ACK, FORECAST, MANIFEST, Layout
from backend.connectors.flatfile.manifest import ManifestFault, read_manifest
from backend.failpoints import failpoint
from backend.files import read_file
from backend.sample_erp import credit
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.order import Order, cents, save
from backend.sample_erp.products import PRICE_STEP
from backend.sample_erp.replies import Reply, remember, still_answered
from backend.sample_erp.rules import Decision, Rows, check_expense_claim, check_order
from backend.spreadsheet import restored
from sync_protocol.external_name import NameRefused, file_in


def take_up(layout: Layout, db: SampleDatabase, *, hold: bool) -> list[str]:
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
        with db.transaction():
            if still_answered(db, stem):
                lines.append(f"{stem}: came again and is answered as before")
            else:
                reply = _process(db, stem, rows, hold)
                remember(db, stem, reply)
                lines.append(f"{stem}: {reply.words}")
                failpoint("sample_erp.before_commit")
        failpoint("sample_erp.after_commit")
    return lines


def _rows(manifest: Path) -> list[dict[str, str]]:
    """Return the rows of a document after checking its files. Raises `ManifestFault`, FileNotFoundError."""
    content = read_manifest(manifest)
    receipts: Mapping[str, str] = content.more.get("receipts") or {}
    digests = {**{name: entry.sha256 for name, entry in content.files.items()}, **receipts}
    try:
        contents = {name: read_file(file_in(manifest.parent, name)) for name in digests}
    except NameRefused as fault:
        raise ManifestFault(f"{manifest.name}: {fault}") from None
    for name, sha256 in digests.items():
        if hashlib.sha256(contents[name]).hexdigest() != sha256:
            raise ManifestFault(f"{name} differs from the manifest")
    [data] = content.files
    return [_plain(row) for row in csv.DictReader(io.StringIO(contents[data].decode(), newline=""))]


def _plain(row: Mapping[str, Any]) -> dict[str, str]:
    """Remove the leading apostrophe that stops a spreadsheet from reading a formula."""
    return {name: restored(value) for name, value in row.items()}


def _process(db: SampleDatabase, stem: str, rows: list[dict[str, str]], hold: bool) -> Reply:
    if FORECAST.fullmatch(stem):
        return _forecast(db, stem, rows)
    key = rows[0]["satchel_key"]
    if stem.startswith("EXPENSE_CLAIM_"):
        return _expense_claim(db, key, rows)
    return _order(db, key, rows, hold)


def _order(db: SampleDatabase, key: str, rows: Rows, hold: bool) -> Reply:
    head = rows[0]
    order = _as_order(db, key, rows)
    gross = Decimal(order.head["gross"])
    decision = check_order(db, rows, credit.room(db, head["customer_id"]), gross, hold)
    if decision.status == "reject":
        return _reply(key, rows, decision, "")
    number = f"SO-{db.count_up('order', 100001)}"
    order.head.update(id=number, number=number)
    for line in order.lines:
        line["order_id"] = number
    if decision.status == "hold":
        blocked = decision.faults[0][0] == "customer_blocked"
        order.head.update(transport="quotation", approval="blocked" if blocked else "credit_hold")
        if decision.faults[0][0] == "held":
            db.set_meta("held_by_hand", f"{db.meta('held_by_hand')} {number}")
    else:
        order.head.update(transport="confirmed", approval="approved", delivery="waiting", billing="pending")
        db.execute("INSERT INTO progress (order_id, field) VALUES (?, 1)", number)
    save(db, order)
    return _reply(key, rows, decision, number, order.head["net"])


def _as_order(db: SampleDatabase, key: str, rows: Rows) -> Order:
    head = rows[0]
    products = db.rows(
        "SELECT id, name FROM products WHERE id IN (SELECT value FROM json_each(?))",
        json.dumps([row["product_id"] for row in rows]),
    )
    described = {row["id"]: row["name"] for row in products}
    lines = []
    for row in rows:
        factor = 1 - Decimal(row["discount_percent"] or "0") / 100
        price = (Decimal(row["unit_price"]) * factor).quantize(PRICE_STEP, ROUND_HALF_UP)
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
                "net": f"{cents(price * Decimal(row['quantity'])):f}",
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


def _expense_claim(db: SampleDatabase, key: str, rows: Rows) -> Reply:
    decision = check_expense_claim(db, rows)
    if decision.status == "reject":
        return _reply(key, rows, decision, "")
    number = f"EX-{db.count_up('expense_claim', 1):06d}"
    total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    db.execute(
        "INSERT INTO expense_claims (number, satchel_key, employee, customer_id, total, currency)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(number, key, rows[0]["employee_number"], rows[0]["customer_id"], f"{total:f}", rows[0]["currency"]),
    )
    return _reply(key, rows, decision, number, f"{total:f}")


def _forecast(db: SampleDatabase, stem: str, rows: Rows) -> Reply:
    """Set the sums unless a file with a higher number has set them."""
    match = FORECAST.fullmatch(stem)
    number = int(match["number"]) if match else 0
    for row in rows:
        db.execute(
            "INSERT INTO forecasts (warehouse_id, period, product_id, quantity, unit, file)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET quantity = excluded.quantity, unit = excluded.unit, file = excluded.file"
            " WHERE excluded.file > forecasts.file",
            *(row["warehouse_id"], row["period"], row["product_id"], row["quantity"], row["unit"], number),
        )
    return _reply(stem, rows, Decision("ok", {}), stem)


def _reply(key: str, rows: Rows, decision: Decision, number: str, total: str = "") -> Reply:
    """Return the reply to a document; *total* is its total, without tax for an order."""
    lines = []
    for row in rows:
        code, text = decision.faults.get(int(row["line_no"])) or decision.faults.get(0) or ("", "")
        status = decision.status
        if decision.status == "reject" and not code:
            status = "ok"  # the order is refused for another line
        lines.append([key, row["line_no"], status, number, number, code, text, total])
    return Reply(decision.status, number, lines)
