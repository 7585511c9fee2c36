"""`satchel segments`: which streams are offered as segments, and building them now."""

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.clock import SystemClock
from backend.database.core import snapshot
from backend.feed import reading
from backend.feed import segments as known
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.due import build_due, build_streams, large_streams
from backend.sync.segments.factory import make_store
from backend.sync.segments.store import StoreFailed


@click.group(invoke_without_command=True)
@click.pass_context
def segments(context: click.Context) -> None:
    """List the sets of segments: what is on offer, how far it is behind, and what is retired."""
    if context.invoked_subcommand is not None:
        return
    table = Table("stream", "position", "segments", "rows", "bytes", "tail", "retired sets")
    with engine_of(load_settings()) as engine, sessionmaker(engine)() as session:
        snapshot(session)
        retired = known.retired_sets(session)
        bases = known.set_summaries(session)
        for stream in sorted(set(bases) | set(retired)):
            base, past = bases.get(stream), retired.get(stream, 0)
            if base is None:
                table.add_row(" ".join(stream), "none", "", "", "", "", str(past))
                continue
            tail = reading.count_after(session, stream, base.position)
            numbers = (base.position, base.segments, base.rows, base.bytes, tail, past)
            table.add_row(" ".join(stream), *map(str, numbers))
    console.print(
        table if table.rows else "no segments yet; the worker builds them, or `satchel segments build`"
    )


@segments.command()
@click.option("--all", "everything", is_flag=True, help="Also those whose segments are still good.")
def build(everything: bool) -> None:
    """Build what is due, now."""
    settings = load_settings()
    store, clock = make_store(settings), SystemClock()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with build_lock(sessions, settings.folder) as mine:
            if not mine:
                raise click.ClickException("somebody else is building (the worker, or a web node); try again")
        try:
            if everything:
                done = build_streams(sessions, store, clock, settings.folder, large_streams(sessions, settings))
            else:
                done = build_due(sessions, store, clock, settings)
        except StoreFailed as error:
            raise click.ClickException(f"the store of segments: {error}") from None
    for built in done:
        size = f"{built.segments} segments ({built.reused} as before), {built.rows} rows, {built.bytes} bytes"
        console.print(f"{' '.join(built.stream)}: {size}", highlight=False)
    if not done:
        console.print("nothing is due")
