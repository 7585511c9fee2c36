"""`satchel device order|forecast|claim|capture`: capture documents, with or without a network.

`capture` takes a body of any kind in the catalogue; the others build a body from a few options.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from backend.cli.device.saved import open_device, pass_folder, print_saved, saving
from backend.cli.editor import FILE, edited
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.expense_claim import EXPENSE_CLAIM
from sync_protocol.catalogue.forecast import FORECAST
from sync_protocol.catalogue.order import ORDER
from sync_protocol.device.capture import forms
from sync_protocol.device.capture.forms import ExpenseLine, Line
from sync_protocol.device.device import Device
from sync_protocol.device.store.receipts import ReceiptFile, read_receipt

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SUPERSEDES = click.option("--supersedes", metavar="ID", help="The document that this one replaces.")


@click.command()
@click.option("--customer", required=True, help="Key, number or name.")
@click.option("--line", "lines", multiple=True, required=True, metavar="PRODUCT:QTY[:UNIT[:PRICE]]")
@click.option("--date", "order_date", metavar="YYYY-MM-DD", help="Order date. Default: today.")
@click.option("--requested", metavar="YYYY-MM-DD", help="The delivery date that the customer wants.")
@click.option("--po", help="The customer's own order number.")
@click.option("--warehouse", help="Key or name.")
@click.option("--currency", help="Default: the currency of the price list.")
@click.option("--notes")
@_SUPERSEDES
@pass_folder
def order(
    folder: Path,
    customer: str,
    lines: tuple[str, ...],
    order_date: str | None,
    requested: str | None,
    po: str | None,
    warehouse: str | None,
    currency: str | None,
    notes: str | None,
    supersedes: str | None,
) -> None:
    """Capture an order. A line without unit or price takes them from the replica."""
    with open_device(folder) as device:
        body = forms.order(
            device.db,
            customer=customer,
            lines=[_line(text, 4) for text in lines],
            today=device.today(),
            order_date=order_date,
            requested_date=requested,
            customer_reference=po,
            warehouse=warehouse,
            currency=currency,
            notes=notes,
        )
        _save(device, ORDER.name, body, supersedes=supersedes)


@click.command()
@click.option("--warehouse", required=True, help="Key or name.")
@click.option("--period", required=True, metavar="YYYY-MM")
@click.option("--line", "lines", multiple=True, required=True, metavar="PRODUCT:QTY[:UNIT]")
@click.option("--customer", help="The customer that the forecast is for. Default: the whole territory.")
@click.option("--notes")
@_SUPERSEDES
@pass_folder
def forecast(
    folder: Path,
    warehouse: str,
    period: str,
    lines: tuple[str, ...],
    customer: str | None,
    notes: str | None,
    supersedes: str | None,
) -> None:
    """Capture a sales forecast. It replaces the previous one for the same warehouse and month."""
    with open_device(folder) as device:
        body = forms.forecast(
            device.db,
            warehouse=warehouse,
            period=period,
            lines=[_line(text, 3) for text in lines],
            customer=customer,
            notes=notes,
        )
        _save(device, FORECAST.name, body, supersedes=supersedes)


@click.command()
@click.option("--purpose", required=True)
@click.option("--customer", help="The customer that the expenses were for.")
@click.option("--project", help="The project that the expenses were for, if there was no customer.")
@click.option(
    "--line", "lines", multiple=True, required=True, metavar="CATEGORY:AMOUNT:DESCRIPTION[:YYYY-MM-DD]"
)
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    metavar="[LINE=]FILE",
    help="A photograph or PDF for line number LINE. Without LINE: one file belongs to every line,"
    " or there is one file per line, in their order.",
)
@click.option("--justification", help="The reason why a line is above the limit of its category.")
@click.option("--currency", help="Default: the currency of the categories.")
@_SUPERSEDES
@pass_folder
def claim(
    folder: Path,
    purpose: str,
    customer: str | None,
    project: str | None,
    lines: tuple[str, ...],
    receipts: tuple[str, ...],
    justification: str | None,
    currency: str | None,
    supersedes: str | None,
) -> None:
    """Capture an expense claim with its receipts."""
    files = _receipts(receipts, len(lines))
    expenses = [
        _expense_line(text, [file.ref for number, file in files if number == n], justification)
        for n, text in enumerate(lines, 1)
    ]
    with open_device(folder) as device:
        body = forms.expense_claim(
            device.db,
            purpose=purpose,
            lines=expenses,
            today=device.today(),
            customer=customer,
            project=project,
            currency=currency,
        )
        _save(device, EXPENSE_CLAIM.name, body, [file for _, file in files], supersedes=supersedes)


@click.command("capture")
@click.argument("kind")
@FILE
@click.option("--receipt", "receipts", multiple=True, metavar="FILE", help="A photograph or PDF that it cites.")
@_SUPERSEDES
@pass_folder
def capture_body(
    folder: Path, kind: str, file: Path | None, receipts: tuple[str, ...], supersedes: str | None
) -> None:
    """Capture a document of any KIND. Its body is JSON; the editor starts with all fields of the kind."""
    if kind not in KINDS:
        raise click.BadParameter(f"unknown kind {kind!r}; choose one of {', '.join(KINDS)}", param_hint="KIND")
    files = [read_receipt(Path(path)) for path in receipts]
    with open_device(folder) as device:
        _save(device, kind, edited(forms.blank(kind), file), files, supersedes=supersedes)


CAPTURES = (order, forecast, claim, capture_body)


def _save(
    device: Device,
    kind: str,
    body: dict[str, Any],
    receipts: Sequence[ReceiptFile] = (),
    *,
    supersedes: str | None,
) -> None:
    unique = {file.sha256: file for file in receipts}
    with saving():
        supersedes = supersedes and device.find_document(supersedes)
        saved = device.capture(kind, body, receipts=list(unique.values()), supersedes=supersedes)
    print_saved(device, saved)


def _line(text: str, most: int) -> Line:
    parts = [part.strip() or None for part in text.split(":")]
    if not 2 <= len(parts) <= most or parts[0] is None or parts[1] is None:
        form = "PRODUCT:QTY[:UNIT[:PRICE]]" if most == 4 else "PRODUCT:QTY[:UNIT]"
        raise click.BadParameter(f"{text!r} does not have the form {form}", param_hint="--line")
    unit, price = (*parts[2:], None, None)[:2]
    return Line(parts[0], parts[1], unit, price)


def _expense_line(text: str, receipts: list[str], justification: str | None) -> ExpenseLine:
    category, _, rest = text.partition(":")
    amount, _, description = rest.partition(":")
    date = None
    head, colon, last = description.rpartition(":")
    if colon and _DATE.fullmatch(last.strip()):
        description, date = head, last.strip()
    if not (category.strip() and amount.strip() and description.strip()):
        raise click.BadParameter(
            f"{text!r} does not have the form CATEGORY:AMOUNT:DESCRIPTION[:YYYY-MM-DD]", param_hint="--line"
        )
    return ExpenseLine(category.strip(), amount.strip(), description.strip(), date, receipts, justification)


def _receipts(texts: Sequence[str], lines: int) -> list[tuple[int, ReceiptFile]]:
    """Return (line number, receipt) pairs for `[LINE=]FILE` options."""
    numbered: list[tuple[int, ReceiptFile]] = []
    unnumbered: list[ReceiptFile] = []
    for text in texts:
        number, equals, path = text.partition("=")
        if equals and number.isdigit() and not Path(text).exists():
            if not 1 <= int(number) <= lines:
                raise click.BadParameter(f"{text!r}: there is no line {number}", param_hint="--receipt")
            numbered.append((int(number), read_receipt(Path(path))))
        else:
            unnumbered.append(read_receipt(Path(text)))
    if len(unnumbered) == 1:
        numbered.extend((n, unnumbered[0]) for n in range(1, lines + 1))
    elif len(unnumbered) == lines:
        numbered.extend(enumerate(unnumbered, 1))
    elif unnumbered:
        raise click.BadParameter(
            f"{len(unnumbered)} receipts for {lines} lines; write LINE=FILE to say which belongs where",
            param_hint="--receipt",
        )
    return numbered
