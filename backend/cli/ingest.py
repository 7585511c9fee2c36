"""`satchel ingest …`: read the ERP now, compare with it, and show and retry the quarantine."""

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.cli.ingest_progress import reading_progress
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.erp.port import Connector, connect
from backend.ingest import quarantine, quarantine_retry, watermarks
from backend.ingest.full_comparison import compare as compare_with_erp
from backend.ingest.importer import import_collection
from sync_protocol.catalogue import COLLECTIONS

LISTED = 20
"""Rows in quarantine that are shown after a read."""


class _ReadsByDefault(click.Group):
    """`satchel ingest [COLLECTIONS]` is `satchel ingest read [COLLECTIONS]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["read", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ReadsByDefault)
def ingest() -> None:
    """Read the ERP. Without a subcommand, `read` runs."""


@ingest.command()
@click.argument("collections", nargs=-1)
@click.option("--from-start", is_flag=True, help="Discard the watermark, and read everything again.")
def read(collections: tuple[str, ...], from_start: bool) -> None:
    """Read changes of COLLECTIONS (default: all) from the ERP once."""
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    failed = 0
    try:
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            names = _selected(connector, collections)
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
            _print_quarantine(sessions, connector)
    finally:
        connector.close()
    if failed:
        raise click.ClickException(f"{failed} collections were not read completely")


@ingest.command("quarantine")
@click.argument("collection", required=False, type=click.Choice(list(COLLECTIONS)), metavar="[COLLECTION]")
@click.option("--raw", is_flag=True, help="Also show the row as the ERP sent it.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Maximum number of rows."
)
def list_quarantine(collection: str | None, raw: bool, limit: int) -> None:
    """List ERP rows in quarantine, with the reason; of COLLECTION only, if it is given."""
    settings = load_settings()
    connector = settings.connector
    with engine_of(settings) as engine, sessionmaker(engine)() as session:
        counts = quarantine.count(session, connector)
        if collection is not None:
            counts = {name: count for name, count in counts.items() if name == collection}
        print_table(
            quarantine.listed(session, connector, collection, limit),
            {
                "collection": lambda row: row.collection,
                "id": lambda row: row.external_id,
                "reason": lambda row: f"{row.error}\n{row.raw}" if raw else row.error,
                "since": lambda row: row.first_seen_at,
                "last read": lambda row: row.last_seen_at,
                "tries": lambda row: row.attempts,
                "next try": lambda row: row.retry_at or "now",
            },
            empty=f"No row{f' of {collection}' if collection else ''} is in quarantine.",
        )
    if counts:
        console.print(", ".join(f"{count} {name}" for name, count in counts.items()))


@ingest.command("retry")
@click.argument("collections", nargs=-1)
def retry_quarantine(collections: tuple[str, ...]) -> None:
    """Retry the rows of COLLECTIONS (default: all) that are in quarantine.

    The worker retries them automatically, with growing pauses of up to a day.
    """
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    try:
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            for name in _selected(connector, collections):
                tried, good = _retry_all(sessions, connector, name)
                if tried:
                    console.print(f"{name}: {tried} retried, {good} released, {tried - good} remain")
            _print_quarantine(sessions, connector)
    finally:
        connector.close()


def _retry_all(sessions: Sessions, connector: Connector, collection: str) -> tuple[int, int]:
    """Return how many rows were retried, and how many of them could be used."""
    tried = good = 0
    after = ""
    while True:
        done, after = quarantine_retry.retry(
            sessions, connector, collection, clock=SystemClock(), everything=True, after=after
        )
        if done.overtaken:
            raise click.ClickException(f"the worker is reading {collection}; try again in a moment")
        if not done.tried:
            return tried, good
        tried, good = tried + done.tried, good + done.good


@ingest.command()
@click.argument("collections", nargs=-1)
def compare(collections: tuple[str, ...]) -> None:
    """Read all records of COLLECTIONS (default: all), and correct what incremental reads have missed.

    The worker does this every SATCHEL_COMPARE_DAYS days.
    """
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    failures = 0
    try:
        with engine_of(settings) as engine, reading_progress() as progress:
            sessions = sessionmaker(engine, expire_on_commit=False)
            for name in _selected(connector, collections):
                done = compare_with_erp(
                    sessions, connector, name,
                    clock=SystemClock(), settings=settings, progress=progress.begin(name),
                )  # fmt: skip
                summary = f"{done.records} compared, {done.missed} had been missed and are corrected"
                progress.end(name, done.records, f"{summary}, {done.failure}" if done.failure else summary)
                failures += not done.complete
    finally:
        connector.close()
    if failures:
        raise click.ClickException(f"{failures} collections were not compared completely")


def _selected(connector: Connector, collections: tuple[str, ...]) -> list[str]:
    """Return *collections* (empty: all), parents first; raises `CannotRun` for one that is not read."""
    offered = connector.capabilities().collections
    unknown = set(collections) - set(offered)
    if unknown:
        raise CannotRun(
            f"{connector.name} does not read {', '.join(sorted(unknown))}; it reads {', '.join(offered)}"
        )
    return [name for name in offered if not collections or name in collections]


def _print_quarantine(sessions: Sessions, connector: Connector) -> None:
    with sessions() as session:
        counts = quarantine.count(session, connector.name)
        for row in quarantine.listed(session, connector.name, None, LISTED):
            name = visible(f"{row.collection} {row.external_id}")
            console.print(f"[yellow]{name}[/yellow]: {visible(row.error)}", soft_wrap=True)
    if counts:
        console.print(f"{sum(counts.values())} rows are in quarantine: `satchel ingest quarantine`")
