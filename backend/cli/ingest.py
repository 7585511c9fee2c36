"""`satchel ingest`: read the ERP now."""

from collections.abc import Callable

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.clock import SystemClock
from backend.erp.port import connect
from backend.ingest.importer import import_collection
from backend.ingest.models import RejectedRow, Watermark


def _shown(progress: Progress, task: TaskID) -> Callable[[int], None]:
    return lambda count: progress.update(task, completed=count)


@click.command()
@click.argument("collections", nargs=-1)
@click.option("--from-start", is_flag=True, help="Forget how far it was read, and read everything again.")
def ingest(collections: tuple[str, ...], from_start: bool) -> None:
    """Read COLLECTIONS (all, if none is named) from the ERP once."""
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    failed = 0
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        offered = connector.capabilities().collections
        unknown = set(collections) - set(offered)
        if unknown:
            raise click.ClickException(
                f"{connector.name} does not read {', '.join(sorted(unknown))}; it reads {', '.join(offered)}"
            )
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            for name in [c for c in offered if not collections or c in collections]:
                if from_start:
                    with sessions() as session, session.begin():
                        session.execute(
                            delete(Watermark).where(
                                Watermark.connector == connector.name, Watermark.collection == name
                            )
                        )
                task = progress.add_task(name, total=None)
                result = import_collection(
                    sessions,
                    connector,
                    name,
                    clock=SystemClock(),
                    settings=settings,
                    progress=_shown(progress, task),
                )
                progress.update(task, description=f"{name}: {result.summary()}", total=max(result.records, 1))
                progress.update(task, completed=max(result.records, 1))
                failed += bool(result.failure)
        with sessions() as session:
            for row in session.scalars(
                select(RejectedRow).where(RejectedRow.connector == connector.name).limit(20)
            ):
                console.print(f"[yellow]{row.collection} {row.external_id}[/yellow]: {row.error}")
    connector.close()
    if failed:
        raise click.ClickException(f"{failed} collections could not be read to their end")
