"""`satchel feed mismatches`: which replicas were found to differ from the feed, and in what."""

import datetime as dt

import click
from rich.table import Table

from backend.cli.context import console, load_settings, transaction
from backend.clock import SystemClock
from backend.feed import mismatches
from backend.feed.models import FeedMismatch


@click.command("mismatches")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1), help="How far back to look.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
def list_mismatches(days: int, limit: int) -> None:
    """List replicas that differed from the feed, newest first. Each has been mended, or began again.

    One now and then may be a phone's memory. Many of one app version are a fault of that version; many of
    one collection are a fault here.
    """
    with transaction(load_settings()) as session:
        found = mismatches.since(session, SystemClock().now() - dt.timedelta(days=days), limit)
    if not found:
        console.print(f"No replica was found to differ in the last {days} days")
        return
    table = Table("when", "rep", "device", "app", "channel", "collection", "at position", "what")
    for one in found:
        when = f"{one.at:%Y-%m-%d %H:%M}"
        stream = (one.channel, one.collection)
        table.add_row(when, one.rep, one.device, one.app_version or "", *stream, str(one.position), _words(one))
    console.print(table)


def _words(one: FeedMismatch) -> str:
    if one.resynced:
        return "differed widely, began the stream again"
    counts = {"stale": one.stale, "missing": one.missing, "surplus": one.surplus}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "differed, not yet mended"
