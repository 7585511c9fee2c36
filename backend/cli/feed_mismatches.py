"""`satchel feed mismatches`: which replicas differed from the feed, and how."""

import datetime as dt

import click

from backend.cli.context import load_settings, transaction
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.feed import mismatches
from backend.feed.models import FeedMismatch


@click.command("mismatches")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1), help="How many days to look back."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
def list_mismatches(days: int, limit: int) -> None:
    """List replicas that differed from the feed, newest first.

    Each has been repaired, or has downloaded the stream again. A rare one can be a defect of one phone.
    Many with one app version point to a bug in that version, many in one collection to a bug in the server.
    """
    with transaction(load_settings()) as session:
        print_table(
            mismatches.since(session, SystemClock().now() - dt.timedelta(days=days), limit),
            {
                "when": lambda row: row.at,
                "rep": lambda row: row.rep,
                "device": lambda row: row.device,
                "app": lambda row: row.app_version,
                "channel": lambda row: row.channel,
                "collection": lambda row: row.collection,
                "at position": lambda row: row.position,
                "difference": _difference,
            },
            empty=f"No replica differed from the feed in the last {days} days.",
        )


def _difference(row: FeedMismatch) -> str:
    if row.resynced:
        return "differed widely: the stream was downloaded again"
    counts = {"stale": row.stale, "missing": row.missing, "surplus": row.surplus}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "not repaired yet"
