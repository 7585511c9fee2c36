"""The commands of a first session as a rep's phone, to paste into another terminal.

Apart from `serve`, which imports it only if it is asked for: it loads the connector.
"""

import contextlib
import datetime as dt
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from backend.cli.context import transaction
from backend.clock import SystemClock
from backend.erp.port import Connector, connect
from backend.identity import access, enrolment
from backend.identity.models import Rep
from backend.settings import Settings


def invite(settings: Settings, rep_id: str, console: Console) -> None:
    """Print the commands of a first session as the rep *rep_id*, with a new enrolment code."""
    url = f"http://{settings.host}:{settings.port}"
    with transaction(settings) as session:
        rep = session.get(Rep, rep_id)
        if rep is None:
            raise click.ClickException(f"there is no rep {rep_id}; `satchel rep list` lists them")
        code = enrolment.create(session, rep.id, SystemClock().now(), dt.timedelta(hours=48))
        channels = access.channels(session, rep.id)
    satchel = Path(sys.executable).with_name("satchel")
    with contextlib.suppress(ValueError):
        satchel = satchel.relative_to(Path.cwd())
    customer, product = _examples(settings, channels)
    order = f"order --customer {customer} --line {product}:3"
    steps = (
        (f"enrol {code} --server {url}", f"this terminal becomes {rep.name}'s phone"),
        ("sync", "the first sync: the replica"),
        ("list customers", ""),
        (f"customer {customer}", ""),
        (order, "needs no network"),
        ("outbox", "the documents on this device"),
        ("sync", "sends it; the worker passes it to the ERP"),
        (None, "the ERP needs a moment"),
        ("sync", ""),
        ("outbox", "with the number from the ERP"),
    )
    console.rule("Satchel is starting. Paste this into another terminal")
    for arguments, comment in steps:
        line = f"{satchel} device {arguments}" if arguments else "sleep 15"
        # Not in a box: it would be copied too, or cut at the edge of the terminal.
        console.print(
            f"{line:<78} # {comment}" if comment else line, highlight=False, soft_wrap=True, markup=False
        )
    console.rule(f"{url}   Ctrl-C stops it")


def _examples(settings: Settings, channels: list[str]) -> tuple[str, str]:
    """Return a customer in *channels* that may order, and a product that can be sold."""
    erp = connect(settings.connector, settings.erp)
    try:
        credit = {c["id"]: c["limit"] for c in _all(erp, "credit")}
        customers = [c for c in _all(erp, "customers") if f"territory:{c['territory']}" in channels]
        open_customers = [c for c in customers if c["status"] == "active" and not c["block_order"]]
        # Prefer one without a credit limit: an order on hold would be a confusing first experience.
        open_customers.sort(key=lambda customer: credit.get(customer["id"]) is not None)
        products = [p for p in _all(erp, "products") if p["sellable"] and p["kind"] == "product"]
    finally:
        erp.close()
    if not open_customers or not products:
        raise click.ClickException(f"the ERP has no customer in {', '.join(channels)} that may order")
    return str(open_customers[0]["id"]), str(products[0]["sku"] or products[0]["id"])


def _all(erp: Connector, collection: str) -> Iterator[Mapping[str, Any]]:
    watermark: str | None = None
    while True:
        page = erp.read(collection, watermark, 500)
        yield from page.records
        watermark = page.watermark
        if not page.more:
            return
