"""`satchel sample-erp`: a process that acts as the ERP of the sample company, through files."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import click

from backend.cli.context import load_settings
from backend.cli.refusal import CannotRun
from backend.clock import SystemClock
from backend.sample_erp import commands, run
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.export import write_export
from backend.sample_erp.replies import write_all
from backend.sample_erp.run import opened
from backend.supervisor import end_with_parent


@click.group("sample-erp", invoke_without_command=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SATCHEL_ERP_FOLDER",
    help="Folder that the ERP and Satchel share. Default: that of the sample company that runs here.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    help="Seed of the random company that is created in an empty folder.",
)
@click.option("--once", is_flag=True, help="Process once and exit.")
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 100),
    default=1.0,
    show_default=True,
    help="Speed of the simulated business.",
)
@click.option("--hold", is_flag=True, help="Put every incoming order on hold until it is released.")
@click.option(
    "--end-with",
    "parent",
    type=int,
    metavar="PID",
    help="Also end when the process PID ends, which started this one.",
)
@click.pass_context
def sample_erp(
    context: click.Context,
    folder: Path | None,
    seed: int,
    once: bool,
    speed: float,
    hold: bool,
    parent: int | None,
) -> None:
    """Run the ERP of a sample company, to try out Satchel without an ERP."""
    folder = folder or _sample_folder()
    context.obj = (folder, seed)
    if parent is not None:
        end_with_parent(parent)
    if context.invoked_subcommand is not None:
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(folder, seed=seed, once=once, speed=speed, hold=hold, stop=stop, say=click.echo)


def _sample_folder() -> Path:
    folder = load_settings().erp.get("folder")
    if folder is None:
        raise click.UsageError("no sample company runs here: give --folder, or start it with `make run`")
    return Path(folder)


def _do(context: click.Context, change: Callable[[SampleDatabase], str]) -> None:
    """Apply *change* to the ERP's database, then write replies and an export at once.

    Another process may run the ERP at the same time.
    """
    folder, seed = context.obj
    now = SystemClock().now()
    with opened(folder, seed) as (layout, db):
        try:
            click.echo(change(db))
        except commands.NotPossible as error:
            raise CannotRun(str(error)) from None
        write_all(layout, db, now)
        write_export(layout, db, now)


@sample_erp.command("move-customer")
@click.argument("customer")
@click.argument("territory")
@click.pass_context
def move_customer(context: click.Context, customer: str, territory: str) -> None:
    """Move CUSTOMER to another TERRITORY."""
    _do(context, lambda db: commands.move_customer(db, customer, territory))


@sample_erp.command("rename-customer")
@click.argument("customer")
@click.argument("name")
@click.pass_context
def rename_customer(context: click.Context, customer: str, name: str) -> None:
    """Change the NAME of CUSTOMER."""
    _do(context, lambda db: commands.rename_customer(db, customer, name))


@sample_erp.command("close-customer")
@click.argument("customer")
@click.pass_context
def close_customer(context: click.Context, customer: str) -> None:
    """Close CUSTOMER: further orders are refused."""
    _do(context, lambda db: commands.close_customer(db, customer))


@sample_erp.command("delete-customer")
@click.argument("customer")
@click.pass_context
def delete_customer(context: click.Context, customer: str) -> None:
    """Delete CUSTOMER, which must have no orders."""
    _do(context, lambda db: commands.delete_customer(db, customer))


@sample_erp.command("set-limit")
@click.argument("customer")
@click.argument("limit", type=click.FloatRange(0))
@click.pass_context
def set_limit(context: click.Context, customer: str, limit: float) -> None:
    """Set the credit LIMIT of CUSTOMER."""
    _do(
        context,
        lambda db: commands.set_limit(db, customer, f"{limit:.2f}", SystemClock().now().date()),
    )


@sample_erp.command("release")
@click.argument("order")
@click.pass_context
def release(context: click.Context, order: str) -> None:
    """Release an ORDER that is on hold, by its number or its Satchel id."""
    _do(context, lambda db: commands.release(db, order))
