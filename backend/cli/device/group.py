"""`satchel device …`: the reference device at a terminal. All but `enrol` and `sync` works offline."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from backend.cli.context import console
from backend.cli.device import tables
from backend.cli.device.amendments import AMENDMENTS
from backend.cli.device.capture import CAPTURES
from backend.cli.device.folder import open_device, pass_folder
from backend.cli.device.progress import sync_progress
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.device.capture import views
from sync_protocol.device.device import Device
from sync_protocol.device.driver import drive
from sync_protocol.device.errors import DeviceError
from sync_protocol.device.sync.report import SyncReport


class _DeviceGroup(click.Group):
    """Turns the device's errors, which are meant for a person, into one sentence without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DeviceError as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            raise click.Abort from None


@click.group(cls=_DeviceGroup)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("device"),
    envvar="SATCHEL_DEVICE",
    show_default=True,
    show_envvar=True,
    help="Where the device keeps its data.",
)
@click.pass_context
def device(ctx: click.Context, folder: Path) -> None:
    """Be a rep's device: sync, look things up and capture documents without a network."""
    ctx.obj = folder


@device.command()
@click.argument("code")
@click.option("--server", required=True, envvar="SATCHEL_SERVER", show_envvar=True, help="https://…")
@click.option("--name", help="What the office calls this device.")
@click.option("--allow-http", is_flag=True, help="Speak plain http to another machine, on a network you trust.")
@pass_folder
def enrol(folder: Path, code: str, server: str, name: str | None, allow_http: bool) -> None:
    """Enrol with the one-time CODE of the office; after a lost reply, with the same code again."""
    with open_device(folder) as here:
        who = here.enrol(code, server, name=name, allow_http=allow_http)
    console.print(
        f"This is now a device of [bold]{who.rep_name}[/bold] at {who.company}. Next: satchel device sync"
    )


@device.command()
@click.option("--watch", is_flag=True, help="Go on syncing until interrupted.")
@click.option("--tries", default=5, show_default=True, help="Attempts without progress before giving up.")
@pass_folder
def sync(folder: Path, watch: bool, tries: int) -> None:
    """Send the outbox, fetch what changed, send receipts, and check that the replica is the server's."""
    with open_device(folder) as here:
        if watch:
            for report, wait in here.watch():
                tables.print_report(report)
                console.print(f"next in {wait:.0f} s", style="dim")
            return
        _sync(here, tries)


@device.command()
@click.option("--tries", default=5, show_default=True, help="Attempts without progress before giving up.")
@pass_folder
def verify(folder: Path, tries: int) -> None:
    """Read everything that is stored anew, compare it with the server, and repair what differs."""
    with open_device(folder) as here:
        report = _sync(here, tries, deep=True)
    if not report.verified:
        raise click.ClickException("what this device holds was not found equal to the server; run it again")


def _sync(here: Device, tries: int, *, deep: bool = False) -> SyncReport:
    with sync_progress() as on_progress:
        report = here.sync_until_done(tries, on_progress, deep=deep)
    tables.print_report(report)
    if report.problem is not None and not report.complete:
        raise click.ClickException(f"{report.problem}. Nothing is lost; run it again to go on.")
    return report


@device.command()
@click.option("--check", is_flag=True, help="Check everything that is stored; slower.")
@pass_folder
def status(folder: Path, check: bool) -> None:
    """Show whose device this is, what it holds and how old that is."""
    with open_device(folder) as here:
        tables.print_status(here.status())
        if check:
            damage = here.integrity_errors()
            for line in damage:
                console.print(line, style="red")
            differs = here.local_mismatch()
            if differs:
                console.print(differs, style="yellow")
            if damage:
                raise click.ClickException("something stored on this device is damaged")
            console.print("Everything stored on this device is whole.")


@device.command("list")
@click.argument("collection", type=click.Choice(list(COLLECTIONS)))
@click.option("--match", default="", help="Only records with all of these words.")
@click.option("--limit", default=50, show_default=True)
@pass_folder
def list_records(folder: Path, collection: str, match: str, limit: int) -> None:
    """List the records of a COLLECTION."""
    with open_device(folder) as here:
        found = here.records(collection, match, limit + 1)
    tables.print_records(collection, found[:limit])
    if len(found) > limit:
        console.print(f"There are more; name words with --match, or raise --limit {limit}.")


@device.command()
@click.argument("collection", type=click.Choice(list(COLLECTIONS)))
@click.argument("key")
@pass_folder
def show(folder: Path, collection: str, key: str) -> None:
    """Show one record with every field."""
    with open_device(folder) as here:
        console.print_json(data=views.find_one(here.db, collection, key))


@device.command()
@click.argument("key")
@pass_folder
def customer(folder: Path, key: str) -> None:
    """Show a customer: contacts, orders, what is owed, credit. KEY is its key, number or name."""
    with open_device(folder) as here:
        tables.print_customer(here.customer(key))


@device.command()
@click.argument("match", default="")
@click.option("--customer", help="Show the prices of this customer.")
@click.option("--limit", default=20, show_default=True)
@pass_folder
def products(folder: Path, match: str, customer: str | None, limit: int) -> None:
    """Search products, with price and stock."""
    with open_device(folder) as here:
        tables.print_products(here.products(match, customer, limit))


@device.command()
@pass_folder
def outbox(folder: Path) -> None:
    """Show what was captured and where each document stands."""
    with open_device(folder) as here:
        tables.print_outbox(here.documents())


@device.command()
@click.argument("id")
@pass_folder
def dismiss(folder: Path, id: str) -> None:
    """Put a document aside that never left the device, or that was refused."""
    _change(folder, id, Device.dismiss)


@device.command("push-again")
@click.argument("id")
@pass_folder
def push_again(folder: Path, id: str) -> None:
    """Push a document again with the next sync; the server knows one that it has already."""
    _change(folder, id, Device.retry_push)


@device.command()
def driver() -> None:
    """Be driven by the conformance kit, one JSON object a line."""
    drive(sys.stdin, sys.stdout)


def _change(folder: Path, id: str, change: Callable[[Device, str], None]) -> None:
    with open_device(folder) as here:
        change(here, id)
        tables.print_outbox([document for document in here.documents() if document.id == id])


for command in (*CAPTURES, *AMENDMENTS):
    device.add_command(command)
