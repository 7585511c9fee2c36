"""`satchel feed …`: looking after the feed itself."""

import datetime as dt

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.clock import SystemClock
from backend.feed import compaction, moments


@click.group()
def feed() -> None:
    """Look after the feed."""


@feed.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
def compact(dry_run: bool) -> None:
    """Delete tombstones older than SATCHEL_TOMBSTONE_DAYS now; the worker does so every hour.

    A phone that was away for longer begins the streams concerned again with its next sync.
    """
    settings, clock = load_settings(), SystemClock()
    days = settings.tombstone_days
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with sessions() as session, session.begin():
            moments.note(session, clock)
            horizon = moments.horizon(session, clock.now() - dt.timedelta(days=days))
            doomed = compaction.survey(session, horizon)
        if not doomed:
            console.print(_nothing(horizon, days))
            return
        table = Table("channel", "collection", "tombstones", "up to position")
        for one in doomed:
            table.add_row(*one.stream, str(one.tombstones), str(one.upto))
        console.print(table)
        if dry_run:
            total = sum(one.tombstones for one in doomed)
            console.print(f"{total} tombstones older than {days} days would go; nothing was deleted")
            return
        console.print(f"{compaction.compact(sessions, clock, days)} tombstones older than {days} days are gone")


def _nothing(horizon: int, days: int) -> str:
    if horizon:
        return f"No tombstone older than {days} days may go (the horizon is position {horizon})"
    return (
        f"Nothing is known to be older than {days} days yet: "
        "the worker notes every hour where the feed stands, and that takes its time"
    )
