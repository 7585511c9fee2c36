"""`satchel delivery …`: what is on its way to the ERP, as a whole."""

import datetime as dt
import getpass

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.clock import SystemClock
from backend.delivery import hold
from backend.delivery.reconcile import LOOK_BACK, Report, newest_memory, reconcile
from backend.erp.port import connect

MEANINGS = {
    "confirmed": "we believed it sent, and the ERP has it",
    "found": "we believed it unsent, and the ERP has it: settled",
    "missing": "not in the ERP: it is sent once sending goes on",
    "lost": "we believed it sent, and the ERP does not show it",
    "doubled": "the ERP has it more than once",
    "unclear": "could not be asked",
}


@click.group()
def delivery() -> None:
    """Look after what is on its way to the ERP."""


@delivery.command("reconcile")
@click.option("--dry-run", is_flag=True, help="Ask and report; settle nothing, and leave the hold as it is.")
@click.option("--resume", is_flag=True, help="Let sending go on although something is not in order.")
@click.option(
    "--since",
    type=click.DateTime(),
    help="Also look up what was settled since then (UTC); else since a day before the newest thing known here.",
)
def reconcile_command(dry_run: bool, resume: bool, since: dt.datetime | None) -> None:
    """Ask the ERP which documents it has, settle those, and let sending go on.

    Needed after `satchel feed restore-check` and after a failover; harmless at any time. Nothing is sent.
    """
    settings, clock = load_settings(), SystemClock()
    connector = connect(settings.connector, settings.erp)
    try:
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            with sessions() as session, session.begin():
                held = hold.noticed(session, clock.now())
                newest = newest_memory(session, held.since if held else None)
            begin = since.replace(tzinfo=dt.UTC) if since else (newest or clock.now()) - LOOK_BACK
            with console.status("Asking the ERP") as status:
                report = reconcile(
                    sessions,
                    connector,
                    clock=clock,
                    kinds=connector.capabilities().kinds,
                    since=begin,
                    dry_run=dry_run,
                    progress=lambda done, all: status.update(f"Asking the ERP: document {done} of {all}"),
                )
            _print(report, begin)
            if held is None:
                console.print("Sending is not held.")
            elif dry_run:
                console.print(f"{held.words}. Nothing was changed.", soft_wrap=True)
            elif report.clean or resume:
                with sessions() as session, session.begin():
                    actor = f"user:{getpass.getuser()}"
                    hold.release(session, held, actor, clock.now(), report.counts())
                console.print("Sending to the ERP goes on.")
            else:
                raise click.ClickException(
                    "sending stays held: look at the documents above, then run this again, or with --resume"
                )
    finally:
        connector.close()


def _print(report: Report, since: dt.datetime) -> None:
    table = Table("documents", "", "which means", title=f"open, or settled since {since:%Y-%m-%d %H:%M} UTC")
    for name, count in report.counts().items():
        table.add_row(str(count), name, MEANINGS[name])
    console.print(table)
    for line in report.lines:
        console.print(line, soft_wrap=True)
