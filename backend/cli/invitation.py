"""The session that a newcomer can paste into another terminal."""

import contextlib
import datetime as dt
import sys
from pathlib import Path

from rich.console import Console

from backend.cli.context import transaction
from backend.clock import SystemClock
from backend.connectors.flatfile.sample.reps import REPS, SampleRep
from backend.erp.port import connect
from backend.identity import enrolment
from backend.settings import Settings


def invite(settings: Settings, folder: str, console: Console) -> None:
    """Print the commands of a first journey on the sample company, with a fresh enrolment code."""
    url = f"http://{settings.host}:{settings.port}"
    rep = REPS[0]
    with transaction(settings) as session:
        code = enrolment.create(session, rep.id, SystemClock().now(), dt.timedelta(hours=48))
    satchel = Path(sys.executable).with_name("satchel")
    with contextlib.suppress(ValueError):
        satchel = satchel.relative_to(Path.cwd())
    customer, product = _examples(folder, rep)
    order = f"order --customer {customer} --line {product}:3"
    steps = (
        (f"enrol {code} --server {url}", f"this terminal becomes {rep.name}'s phone"),
        ("sync", "the first sync: the replica"),
        ("list customers", ""),
        (f"customer {customer}", ""),
        (order, "needs no network"),
        ("outbox", "on this device"),
        ("sync", "sent; the worker hands it to the ERP"),
        (None, "give the ERP a moment"),
        ("sync", ""),
        ("outbox", "and here is the ERP's number"),
    )
    lines = []
    for arguments, words in steps:
        line = f"{satchel} device {arguments}" if arguments else "sleep 15"
        lines.append(f"{line:<78} # {words}" if words else line)
    console.rule("Satchel is starting. Paste this into another terminal")
    # Not in a box: a box would be copied along, or cut at the terminal's edge.
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    console.rule(f"{url}   Ctrl-C stops")


def _examples(folder: str, rep: SampleRep) -> tuple[str, str]:
    """Return a customer of *rep* that may order, and a product that is for sale."""
    erp = connect("flatfile", {"folder": folder})
    try:
        customers = erp.read("customers", None, 1_000).records
        products = erp.read("products", None, 1_000).records
    finally:
        erp.close()
    own = [c for c in customers if c["territory"] == rep.territory]
    customer = next(c for c in own if c["status"] == "active" and not c["block_order"])
    product = next(p for p in products if p["sellable"] and p["kind"] == "product")
    return str(customer["id"]), str(product["sku"] or product["id"])
