"""`satchel sweep`: find records that the ERP has deleted, and delete them here."""

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.cli.refusal import CannotRun
from backend.clock import SystemClock
from backend.erp.port import connect
from backend.ingest.sweep import sweep as find_deletions


@click.command()
@click.argument("collection")
@click.option(
    "--accept-shrink",
    is_flag=True,
    help="Delete even if the ERP lists no keys, or far fewer than before (SATCHEL_SHRINK_GUARD_PERCENT).",
)
def sweep(collection: str, accept_shrink: bool) -> None:
    """List all keys of COLLECTION in the ERP, and delete the records that are gone there."""
    settings = load_settings()
    connector = connect(settings.connector, settings.erp)
    try:
        if collection not in connector.capabilities().lists_keys:
            raise CannotRun(f"{connector.name} cannot list the keys of {collection}")
        with engine_of(settings) as engine:
            sessions = sessionmaker(engine, expire_on_commit=False)
            done = find_deletions(
                sessions, connector, collection, clock=SystemClock(), settings=settings, force=accept_shrink
            )
    finally:
        connector.close()
    if done.failure:
        raise click.ClickException(done.failure)
    console.print(f"{collection}: the ERP lists {done.listed} keys; {done.deleted} records deleted.")
