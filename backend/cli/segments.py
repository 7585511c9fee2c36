"""`satchel segments`: list the segment sets of each stream, and build due ones now."""

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.database.core import snapshot
from backend.feed import reading
from backend.feed import segments as segment_sets
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.due import build_due, build_streams, large_streams
from backend.sync.segments.store import StoreFailed
from backend.sync.segments.store_factory import make_store


@click.group(invoke_without_command=True)
@click.pass_context
def segments(context: click.Context) -> None:
    """List the segment set of each stream: its size, the changes since it was built, and retired sets."""
    if context.invoked_subcommand is not None:
        return
    with engine_of(load_settings()) as engine, sessionmaker(engine)() as session:
        snapshot(session)
        retired = segment_sets.retired_sets(session)
        current = segment_sets.set_summaries(session)
        tails = {stream: reading.count_after(session, stream, s.position) for stream, s in current.items()}
        print_table(
            sorted(set(current) | set(retired)),
            {
                "stream": " ".join,
                "position": lambda stream: current[stream].position if stream in current else "none",
                "segments": lambda stream: current[stream].segments if stream in current else "",
                "rows": lambda stream: current[stream].rows if stream in current else "",
                "bytes": lambda stream: current[stream].bytes if stream in current else "",
                "changes since": tails.get,
                "retired sets": lambda stream: retired.get(stream, 0),
            },
            empty="No segments yet: the worker builds them, or `satchel segments build`.",
        )


@segments.command()
@click.option("--all", "everything", is_flag=True, help="Also rebuild segments that are not due.")
def build(everything: bool) -> None:
    """Build the segments that are due now."""
    settings = load_settings()
    store, clock = make_store(settings), SystemClock()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with build_lock(sessions, settings.folder) as acquired:
            if not acquired:
                raise click.ClickException("another process is building segments; try again in a moment")
        try:
            if everything:
                done = build_streams(sessions, store, clock, settings.folder, large_streams(sessions, settings))
            else:
                done = build_due(sessions, store, clock, settings)
        except StoreFailed as error:
            raise click.ClickException(f"the segment store failed: {error}") from None
    for built in done:
        size = f"{built.segments} segments ({built.reused} unchanged), {built.rows} rows, {built.bytes} bytes"
        console.print(f"{' '.join(built.stream)}: {size}", highlight=False)
    if not done:
        console.print("No segments are due.")
