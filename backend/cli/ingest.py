"""`satchel ingest …`: read the ERP now, and look after the rows that could not be taken."""

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.cli.ingest_progress import reading_progress
from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.erp.port import Connector, connect
from backend.ingest import quarantine, watermarks
from backend.ingest.full_comparison import compare as compare_with_erp
from backend.ingest.importer import import_collection
from sync_protocol.catalogue import COLLECTIONS

LISTED = 20


class _ReadsByDefault(click.Group):
    """`satchel ingest [COLLECTIONS]` is `satchel ingest read [COLLECTIONS]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["read", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ReadsByDefault)
def ingest() -> None:
    """Read the ERP, and look after what could not be read. Without a command it reads."""


@ingest.command()
@click.argument("collections", nargs=-1)
@click.option("--from-start", is_flag=True, help="Forget how far it was read, and read everything again.")
def read(collections: tuple[str, ...], from_start: bool) -> None:
    """Read COLLECTIONS (all, if none is named) from the ERP once."""
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    failed = 0
    try:
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            names = _chosen(connector, collections)
            if from_start:
                with sessions() as session, session.begin():
                    for name in names:
                        watermarks.forget(session, connector.name, name)
            with reading_progress() as progress:
                for name in names:
                    step = progress.begin(name)
                    result = import_collection(
                        sessions, connector, name, clock=SystemClock(), settings=settings, progress=step
                    )
                    progress.end(name, result.records, result.summary())
                    failed += bool(result.failure)
            _tell_of_quarantine(sessions, connector)
    finally:
        connector.close()
    if failed:
        raise click.ClickException(f"{failed} collections could not be read to their end")


@ingest.command("quarantine")
@click.argument("collection", required=False, type=click.Choice(list(COLLECTIONS)), metavar="[COLLECTION]")
@click.option("--raw", is_flag=True, help="Also the row as the ERP gave it.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
def list_quarantine(collection: str | None, raw: bool, limit: int) -> None:
    """List the rows of the ERP (of COLLECTION) that could not be taken, and why."""
    settings = load_settings()
    connector = settings.connector
    table = Table("collection", "id", "why", "since", "last read", "tries", "next try")
    with engine_of(settings) as engine, sessionmaker(engine)() as session:
        counts = quarantine.count(session, connector)
        if collection is not None:
            counts = {name: number for name, number in counts.items() if name == collection}
        for row in quarantine.listed(session, connector, collection, limit):
            dates = [f"{row.first_seen_at:%Y-%m-%d %H:%M}", f"{row.last_seen_at:%Y-%m-%d %H:%M}"]
            due = f"{row.retry_at:%Y-%m-%d %H:%M}" if row.retry_at else "now"
            why = f"{row.error}\n{row.raw}" if raw else row.error
            table.add_row(row.collection, row.external_id, why, *dates, str(row.attempts), due)
    if not counts:
        console.print(f"Every row{f' of {collection}' if collection else ''} that was read could be taken.")
        return
    console.print(table)
    console.print(", ".join(f"{number} {name}" for name, number in counts.items()))


@ingest.command("retry")
@click.argument("collections", nargs=-1)
def retry_quarantine(collections: tuple[str, ...]) -> None:
    """Read the quarantined rows of COLLECTIONS (all, if none is named) again now.

    The worker does so by itself, ever more seldom, up to once a day.
    """
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    try:
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            for name in _chosen(connector, collections):
                tried, good = _retry(sessions, connector, name)
                if tried:
                    console.print(f"{name}: {tried} tried, {good} came good, {tried - good} stay in quarantine")
            _tell_of_quarantine(sessions, connector)
    finally:
        connector.close()


def _retry(sessions: Sessions, connector: Connector, collection: str) -> tuple[int, int]:
    tried = good = 0
    after = ""
    while True:
        done, after = quarantine.retry(
            sessions, connector, collection, clock=SystemClock(), everything=True, after=after
        )
        if done.overtaken:
            raise click.ClickException(f"{collection} is being read by the worker; try again in a moment")
        if not done.tried:
            return tried, good
        tried, good = tried + done.tried, good + done.good


@ingest.command()
@click.argument("collections", nargs=-1)
def compare(collections: tuple[str, ...]) -> None:
    """Read COLLECTIONS (all, if none is named) in full and mend what reading has missed.

    The worker does so every SATCHEL_COMPARE_DAYS days.
    """
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    failures = 0
    try:
        with engine_of(settings) as engine, reading_progress() as progress:
            sessions = sessionmaker(engine, expire_on_commit=False)
            for name in _chosen(connector, collections):
                done = compare_with_erp(
                    sessions, connector, name,
                    clock=SystemClock(), settings=settings, progress=progress.begin(name),
                )  # fmt: skip
                words = f"{done.records} compared, {done.missed} had been missed and are mended"
                progress.end(name, done.records, f"{words}, {done.failure}" if done.failure else words)
                failures += not done.complete
    finally:
        connector.close()
    if failures:
        raise click.ClickException(f"{failures} collections could not be compared to their end")


def _chosen(connector: Connector, collections: tuple[str, ...]) -> list[str]:
    """Return the *collections* to work on, parents first; raises `ClickException` for an unknown one."""
    offered = connector.capabilities().collections
    unknown = set(collections) - set(offered)
    if unknown:
        raise click.ClickException(
            f"{connector.name} does not read {', '.join(sorted(unknown))}; it reads {', '.join(offered)}"
        )
    return [name for name in offered if not collections or name in collections]


def _tell_of_quarantine(sessions: Sessions, connector: Connector) -> None:
    with sessions() as session:
        counts = quarantine.count(session, connector.name)
        for row in quarantine.listed(session, connector.name, None, LISTED):
            console.print(f"[yellow]{row.collection} {row.external_id}[/yellow]: {row.error}", soft_wrap=True)
    if counts:
        console.print(f"{sum(counts.values())} rows are in quarantine: `satchel ingest quarantine`")
