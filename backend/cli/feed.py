"""`satchel feed …`: looking after the feed itself."""

import datetime as dt
import getpass

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, errors, load_settings
from backend.cli.feed_mismatches import list_mismatches
from backend.clock import SystemClock
from backend.delivery import sending_hold
from backend.feed import compaction, position_times
from backend.feed.integrity import StreamCheck
from backend.sync import restore
from backend.sync.segments.factory import make_store
from backend.sync.segments.store import Store, StoreFailed


@click.group()
def feed() -> None:
    """Look after the feed."""


feed.add_command(list_mismatches)


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
            position_times.record(session, clock)
            horizon = position_times.position_before(session, clock.now() - dt.timedelta(days=days))
            doomed = compaction.find_expired(session, horizon)
        if not doomed:
            console.print(_nothing(horizon, days))
            return
        table = Table("channel", "collection", "tombstones", "up to position")
        for one in doomed:
            table.add_row(*one.stream, str(one.tombstones), str(one.up_to))
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


@feed.command("restore-check")
def restore_check() -> None:
    """Run this once after a backup was put back, before phones and workers meet the database.

    It begins a new history of positions, holds sending to the ERP, and proves what the backup says.
    """
    settings, clock = load_settings(), SystemClock()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        stored = _stored(make_store(settings))
        with sessions() as session, session.begin():
            begun = restore.start_epoch(session, stored)
            held = sending_hold.in_force(session)
            if held is not None:
                sending_hold.audit_start(session, held, f"user:{getpass.getuser()}", clock.now())
        console.print(f"A new epoch has begun at position {begun.position}: {begun.epoch}.")
        console.print("Each phone compares checksums at its next sync, fetches what differs, and pushes again.")
        if begun.head_raised_by:
            console.print(
                f"[yellow]Rows were {begun.head_raised_by} positions above the head, which was raised.[/yellow]"
            )
        for (channel, collection), position in begun.withdrawn:
            console.print(
                f"Segments of {channel} {collection} at {position} are withdrawn; new ones are built."
            )
        with console.status("Proving the sums") as status:
            mended = list(
                restore.rebuild_checksums(
                    sessions, lambda done, all: status.update(f"Proving the sums: stream {done} of {all}")
                )
            )
    for proof in mended:
        console.print(_mended(proof), soft_wrap=True)
    console.print("Sums and hashes are right." if not mended else f"{len(mended)} streams were mended.")
    if held is not None:
        console.print(f"{held.message}. Next: {sending_hold.NEXT_STEP}, which lets it go on.", soft_wrap=True)


def _stored(store: Store) -> set[str] | None:
    """Return the files of segments there are, or None: a store that is away must not hold up a restore."""
    try:
        return {file.name for file in store.stored()}
    except StoreFailed as error:
        errors.print(f"The store of segments cannot be listed: {error}. What it lacks is not withdrawn.")
        return None


def _mended(proof: StreamCheck) -> str:
    channel, collection = proof.stream
    words = [f"[yellow]{channel} {collection}[/yellow]:"]
    if proof.recorded != proof.actual:
        noted, real = proof.recorded, proof.actual
        words.append(
            f"noted were {noted.count} rows and sum {noted.sum:016x}, real are {real.count}, {real.sum:016x};"
        )
    if proof.wrong_hashes:
        words.append(f"{proof.wrong_hashes} rows had a wrong hash;")
    if proof.head_raised:
        words.append("a row stood above the head;")
    return " ".join([*words, "mended"])
