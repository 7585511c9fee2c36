"""`satchel device …`: the reference device at a terminal. Only `enrol`, `sync` and `verify` need a network."""

import sqlite3
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from backend.cli.context import console
from backend.cli.device import tables
from backend.cli.device.amendments import AMENDMENTS
from backend.cli.device.capture import CAPTURES
from backend.cli.device.progress import sync_progress
from backend.cli.device.saved import open_device, pass_folder, print_clock_warning
from backend.cli.refusal import CannotRun
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.device.capture import views
from sync_protocol.device.device import Device
from sync_protocol.device.driver import drive
from sync_protocol.device.errors import DeviceError, Problem, Temporary
from sync_protocol.device.sync.report import SyncReport


class _DeviceGroup(click.Group):
    """Print the device's errors, which are written for a person, as one sentence without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Temporary as error:
            # Repeating what the server refuses does not help; the sentence says what does.
            refused = isinstance(error, Problem) and error.status < HTTPStatus.TOO_MANY_REQUESTS
            sentence = str(error) if refused else f"{error}. Nothing is lost; run it again later"
            raise click.ClickException(_with_details(sentence, error)) from None
        except DeviceError as error:
            raise CannotRun(_with_details(str(error), error)) from None
        except sqlite3.Error as error:
            message = f"the data of this device in {ctx.params['folder']} cannot be used: {error}"
            raise CannotRun(f"{message}; check that the folder is writable and its disk not full") from None
        except KeyboardInterrupt:
            raise click.Abort from None


@click.group("device", cls=_DeviceGroup)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("device"),
    envvar="SATCHEL_DEVICE",
    show_default=True,
    show_envvar=True,
    help="The folder with the device's data.",
)
@click.pass_context
def device_group(ctx: click.Context, folder: Path) -> None:
    """Act as a rep's device: sync, look things up, and capture documents without a network."""
    ctx.obj = folder


@device_group.command()
@click.argument("code")
@click.option("--server", required=True, envvar="SATCHEL_SERVER", show_envvar=True, help="https://…")
@click.option("--name", help="The name of this device for the office.")
@click.option("--allow-http", is_flag=True, help="Allow plain http, on a network that you trust.")
@pass_folder
def enrol(folder: Path, code: str, server: str, name: str | None, allow_http: bool) -> None:
    """Enrol with the one-time CODE of the office. If no reply arrives, use the same code again."""
    with open_device(folder) as device:
        identity = device.enrol(code, server, name=name, allow_http=allow_http)
    console.print(
        f"This is now a device of [bold]{identity.rep_name}[/bold] at {identity.company}."
        " Next: satchel device sync"
    )


@device_group.command()
@click.option("--watch", is_flag=True, help="Sync again and again until interrupted.")
@click.option(
    "--tries",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Attempts without progress before giving up.",
)
@pass_folder
def sync(folder: Path, watch: bool, tries: int) -> None:
    """Sync with the server. Sends documents and receipts, fetches changes, and compares the replica."""
    with open_device(folder) as device:
        if watch:
            for report, wait in device.watch():
                tables.print_report(report)
                console.print(f"next in {wait:.0f} s", style="dim")
            return
        _sync(device, tries)


@device_group.command()
@click.option(
    "--tries",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Attempts without progress before giving up.",
)
@pass_folder
def verify(folder: Path, tries: int) -> None:
    """Verify all records. Reads them from the disk, compares them with the server, and repairs differences."""
    with open_device(folder) as device:
        report = _sync(device, tries, deep=True)
    if not report.verified:
        raise click.ClickException("verification did not succeed; run it again")


def _sync(device: Device, tries: int, *, deep: bool = False) -> SyncReport:
    with sync_progress() as on_progress:
        report = device.sync_until_done(tries, on_progress, rehash=deep)
    tables.print_report(report)
    print_clock_warning(device)
    if report.problem is not None and not report.complete:
        raise click.ClickException("the sync is not complete. Nothing is lost; run it again to continue.")
    return report


@device_group.command()
@click.option("--check", is_flag=True, help="Check all stored data too; slower.")
@pass_folder
def status(folder: Path, check: bool) -> None:
    """Show the state of this device: its rep, its records and their age, and the outbox."""
    with open_device(folder) as device:
        tables.print_status(device.status(), device.zone)
        if check:
            errors = device.integrity_errors()
            for error in errors:
                console.print(error, style="red")
            mismatch = device.local_mismatch()
            if mismatch:
                console.print(mismatch, style="yellow")
            if errors:
                raise click.ClickException("stored data on this device is damaged")
            console.print("The stored data on this device is intact.")


@device_group.command("list")
@click.argument("collection", type=click.Choice(list(COLLECTIONS)), metavar="COLLECTION")
@click.option("--match", default="", help="Only records that contain all of these words.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@pass_folder
def list_records(folder: Path, collection: str, match: str, limit: int) -> None:
    """List the records of a COLLECTION."""
    with open_device(folder) as device:
        records, zone = device.records(collection, match, limit + 1), device.zone
    tables.print_records(collection, records[:limit], zone, match)
    if len(records) > limit:
        console.print(f"There are more than {limit}. Add words with --match, or set a higher --limit.")


@device_group.command()
@click.argument("collection", type=click.Choice(list(COLLECTIONS)), metavar="COLLECTION")
@click.argument("key")
@pass_folder
def show(folder: Path, collection: str, key: str) -> None:
    """Show one record with all its fields. KEY is its key, number or name."""
    with open_device(folder) as device:
        if collection == "submissions":
            key = device.find_document(key)
        console.print_json(data=views.find_record(device.db, collection, key))


@device_group.command()
@click.argument("key")
@pass_folder
def customer(folder: Path, key: str) -> None:
    """Show a customer with all related data. KEY is the key, number or name."""
    with open_device(folder) as device:
        tables.print_customer(device.customer(key), device.zone)


@device_group.command()
@click.argument("match", default="")
@click.option("--customer", help="Show the prices of this customer.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@pass_folder
def products(folder: Path, match: str, customer: str | None, limit: int) -> None:
    """Search products, with price and stock."""
    with open_device(folder) as device:
        day = device.today().isoformat()
        remarks = views.order_remarks(device.db, customer, day) if customer else []
        tables.print_products(device.products(match, customer, limit), remarks)


@device_group.command()
@pass_folder
def outbox(folder: Path) -> None:
    """Show the captured documents and their states."""
    with open_device(folder) as device:
        tables.print_outbox(device.documents(), device.zone)


@device_group.command()
@click.argument("id")
@pass_folder
def dismiss(folder: Path, id: str) -> None:
    """Dismiss the document ID. It must have been refused, or have never left the device."""
    _change(folder, id, Device.dismiss)


@device_group.command("push-again")
@click.argument("id")
@pass_folder
def push_again(folder: Path, id: str) -> None:
    """Push the document ID again. The server recognises a document that it already has."""
    _change(folder, id, Device.retry_push)


@device_group.command()
def driver() -> None:
    """Run as a driver for the conformance kit. It reads and writes one JSON object per line."""
    drive(sys.stdin, sys.stdout)


def _with_details(sentence: str, error: DeviceError) -> str:
    """Return *sentence*, and on a line of its own what support needs to know about *error*."""
    return f"{sentence}\nFor support: {error.technical}" if error.technical else sentence


def _change(folder: Path, id: str, change: Callable[[Device, str], None]) -> None:
    with open_device(folder) as device:
        id = device.find_document(id)
        change(device, id)
        tables.print_outbox([document for document in device.documents() if document.id == id], device.zone)


for command in (*CAPTURES, *AMENDMENTS):
    device_group.add_command(command)
