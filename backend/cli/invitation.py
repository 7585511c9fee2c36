"""The commands of a first session as a rep's phone, to paste into another terminal.

Apart from `serve`, which imports it only if it is asked for: it loads the connector.
"""

import contextlib
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from backend.cli.context import local_user, transaction
from backend.cli.refusal import CannotRun
from backend.cli.rep_devices import life
from backend.clock import SystemClock
from backend.erp.port import Connector, connect
from backend.identity import access, enrolment
from backend.identity.models import Rep
from backend.settings import Settings

_COMMENT_COLUMN = 80


def prepare(settings: Settings, rep_id: str) -> list[str]:
    """Return the commands of a first session as the rep *rep_id*, with new enrolment codes.

    The first line is a comment with the address of the phone app and a code for it.
    """
    url = settings.public_url if settings.tls_certificate else settings.local_url
    with transaction(settings) as session:
        rep = session.get(Rep, rep_id)
        if rep is None:
            raise CannotRun(f"there is no rep {rep_id}; `satchel rep list` lists them")
        app_code, code = (
            enrolment.create(session, rep.id, SystemClock().now(), life(settings), actor=local_user())
            for _ in range(2)
        )
        channels = access.channels(session, rep.id)
    satchel = Path(sys.executable).with_name("satchel")
    with contextlib.suppress(ValueError):
        satchel = satchel.relative_to(Path.cwd())
    customer, product = _examples(settings, channels)
    order = f"order --customer {customer} --line {product}:3"
    steps = (
        (f"enrol {code} --server {url}", f"within {settings.enrolment_minutes} min: {rep.name}'s phone"),
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
    lines = [f"# The phone app: {url}/app/ with the code {app_code} of {rep.name}"]
    if settings.tls_certificate:
        lines.append(f"export SSL_CERT_FILE={settings.tls_certificate}")
    for arguments, comment in steps:
        line = f"{satchel} device {arguments}" if arguments else "sleep 15"
        lines.append(f"{line:<{_COMMENT_COLUMN}} # {comment}" if comment else line)
    return lines


def print_when_listening(settings: Settings, lines: list[str], console: Console) -> threading.Thread:
    """Print *lines* as soon as the web server answers; return at once, with the thread that does it.

    Before that, a command that is pasted would find no server.
    """
    thread = threading.Thread(target=_wait_and_print, args=(settings, lines, console), daemon=True)
    thread.start()
    return thread


def _wait_and_print(settings: Settings, lines: list[str], console: Console) -> None:
    while not _answers(settings.local_url, settings.tls_certificate):
        time.sleep(0.2)
    url = settings.public_url if settings.tls_certificate else settings.local_url
    console.rule(f"Satchel listens at {url}. Paste this into another terminal")
    for line in lines:
        # Not in a box: it would be copied too, or cut at the edge of the terminal.
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    console.rule("Ctrl-C stops it")


def _answers(url: str, chain: str) -> bool:
    """Say whether a server answers at *url*; the file *chain* has the authority of its certificate, if any."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]  # it runs on this machine
    if chain:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=chain)))
    opener = urllib.request.build_opener(*handlers)
    try:
        opener.open(f"{url}/livez", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


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
