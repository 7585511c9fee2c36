"""`satchel device order|forecast|claim`: capturing documents, with or without a network."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from backend.cli.device.folder import open_device, pass_folder
from backend.cli.device.saved import print_saved, saving
from sync_protocol.device.capture import forms
from sync_protocol.device.capture.forms import ExpenseLine, Line
from sync_protocol.device.device import Device
from sync_protocol.device.store.receipts import ReceiptFile, read_receipt

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SUPERSEDES = click.option(
    "--supersedes", metavar="ID", help="The document of the outbox that this one replaces."
)


@click.command()
@click.option("--customer", required=True, help="Key, number or name.")
@click.option("--line", "lines", multiple=True, required=True, metavar="PRODUCT:QTY[:UNIT[:PRICE]]")
@click.option("--date", "order_date", metavar="YYYY-MM-DD", help="Order date; today unless told.")
@click.option("--requested", metavar="YYYY-MM-DD", help="The date the customer wants it.")
@click.option("--po", help="The customer's own order number.")
@click.option("--warehouse", help="Key or name.")
@click.option("--currency", help="That of the price list unless told.")
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
    """Capture an order. Unit and price come from the replica unless a line names them."""
    with open_device(folder) as here:
        body = forms.order(
            here.db,
            customer=customer,
            lines=[_line(text, 4) for text in lines],
            today=here.today(),
            order_date=order_date,
            requested_date=requested,
            customer_reference=po,
            warehouse=warehouse,
            currency=currency,
            notes=notes,
        )
        _save(here, "order", body, supersedes=supersedes)


@click.command()
@click.option("--warehouse", required=True, help="Key or name.")
@click.option("--period", required=True, metavar="YYYY-MM")
@click.option("--line", "lines", multiple=True, required=True, metavar="PRODUCT:QTY[:UNIT]")
@click.option("--customer", help="The customer it is for; the whole territory unless told.")
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
    """Capture a sales forecast for a warehouse and month; it replaces the one before it."""
    with open_device(folder) as here:
        body = forms.forecast(
            here.db,
            warehouse=warehouse,
            period=period,
            lines=[_line(text, 3) for text in lines],
            customer=customer,
            notes=notes,
        )
        _save(here, "forecast", body, supersedes=supersedes)


@click.command()
@click.option("--purpose", required=True)
@click.option("--customer", help="The customer it was for.")
@click.option("--project", help="The project it was for, where it was no customer.")
@click.option(
    "--line", "lines", multiple=True, required=True, metavar="CATEGORY:AMOUNT:DESCRIPTION[:YYYY-MM-DD]"
)
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    metavar="[LINE=]FILE",
    help="A photograph or PDF for line number LINE; without LINE, one file is for every line,"
    " and as many files as lines are for one each.",
)
@click.option("--justification", help="Why a line is above the limit of its category.")
@click.option("--currency", help="That of the categories unless told.")
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
    claimed = [
        _expense_line(text, [file.ref for number, file in files if number == n], justification)
        for n, text in enumerate(lines, 1)
    ]
    with open_device(folder) as here:
        body = forms.expense_claim(
            here.db,
            purpose=purpose,
            lines=claimed,
            today=here.today(),
            customer=customer,
            project=project,
            currency=currency,
        )
        _save(here, "expense_claim", body, [file for _, file in files], supersedes=supersedes)


CAPTURES = (order, forecast, claim)


def _save(
    here: Device,
    kind: str,
    body: dict[str, Any],
    receipts: Sequence[ReceiptFile] = (),
    *,
    supersedes: str | None,
) -> None:
    unique = {file.sha256: file for file in receipts}
    with saving(kind):
        saved = here.capture(kind, body, receipts=list(unique.values()), supersedes=supersedes)
    print_saved(saved)


def _line(text: str, most: int) -> Line:
    parts = [part.strip() or None for part in text.split(":")]
    if not 2 <= len(parts) <= most or parts[0] is None or parts[1] is None:
        form = "PRODUCT:QTY[:UNIT[:PRICE]]" if most == 4 else "PRODUCT:QTY[:UNIT]"
        raise click.BadParameter(f"{text!r} is not {form}", param_hint="--line")
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
            f"{text!r} is not CATEGORY:AMOUNT:DESCRIPTION[:YYYY-MM-DD]", param_hint="--line"
        )
    return ExpenseLine(category.strip(), amount.strip(), description.strip(), date, receipts, justification)


def _receipts(texts: Sequence[str], lines: int) -> list[tuple[int, ReceiptFile]]:
    """Return (line number, receipt) pairs for `[LINE=]FILE` options."""
    named: list[tuple[int, ReceiptFile]] = []
    bare: list[ReceiptFile] = []
    for text in texts:
        number, equals, path = text.partition("=")
        if equals and number.isdigit() and not Path(text).exists():
            if not 1 <= int(number) <= lines:
                raise click.BadParameter(f"{text!r}: there is no line {number}", param_hint="--receipt")
            named.append((int(number), read_receipt(Path(path))))
        else:
            bare.append(read_receipt(Path(text)))
    if len(bare) == 1:
        named.extend((n, bare[0]) for n in range(1, lines + 1))
    elif len(bare) == lines:
        named.extend(enumerate(bare, 1))
    elif bare:
        raise click.BadParameter(
            f"{len(bare)} receipts for {lines} lines; write LINE=FILE to say which belongs where",
            param_hint="--receipt",
        )
    return named
