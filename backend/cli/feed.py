"""`satchel feed …`: compaction, the check after a restore, and mismatches of replicas."""

import datetime as dt

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, errors, load_settings, local_user
from backend.cli.feed_mismatches import list_mismatches
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.delivery import sending_hold
from backend.feed import compaction, position_times
from backend.feed.integrity import StreamCheck
from backend.inbox.restored import begin_checks, newest_loss
from backend.sync import restore
from backend.sync.segments.store import Store, StoreFailed
from backend.sync.segments.store_factory import make_store


@click.group()
def feed() -> None:
    """Maintain the feed."""


feed.add_command(list_mismatches)


@feed.command()
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option(
    "--correct-times",
    is_flag=True,
    help="First set the recorded times that lie ahead to now. Use it only if this server's clock is right.",
)
def compact(dry_run: bool, correct_times: bool) -> None:
    """Delete tombstones older than SATCHEL_TOMBSTONE_DAYS now. The worker does this every hour.

    A phone that was offline for longer downloads the affected streams again at its next sync.
    """
    settings, clock = load_settings(), SystemClock()
    days = settings.tombstone_days
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with sessions() as session, session.begin():
            if correct_times and not dry_run:
                console.print(f"{position_times.correct(session, clock.now())} recorded times were set to now.")
            position_times.record(session, clock)
            ahead = position_times.newest_ahead(session, clock.now())
            horizon = position_times.position_before(session, clock.now() - dt.timedelta(days=days))
            expired = compaction.find_expired(session, horizon)
        if ahead is not None:
            console.print(f"[yellow]{position_times.ahead_message(ahead)}[/yellow]")
        if not expired:
            console.print(_nothing_expired(horizon, days))
            return
        print_table(
            expired,
            {
                "channel": lambda each: each.stream[0],
                "collection": lambda each: each.stream[1],
                "tombstones": lambda each: each.tombstones,
                "up to position": lambda each: each.up_to,
            },
        )
        if dry_run:
            total = sum(each.tombstones for each in expired)
            console.print(f"{total} tombstones older than {days} days would be deleted; nothing was deleted.")
            return
        deleted = compaction.compact(sessions, clock, days)
        console.print(f"{deleted} tombstones older than {days} days were deleted.")


def _nothing_expired(horizon: int, days: int) -> str:
    if horizon:
        return f"No tombstone older than {days} days can be deleted (the horizon is position {horizon})."
    # The worker has recorded the feed's position every hour since it first ran.
    return f"Nothing to delete yet: the oldest recorded position is younger than {days} days."


@feed.command("restore-check")
def restore_check() -> None:
    """Run this once after you restored a backup, before web and worker start.

    It begins a new epoch, stops sending to the ERP, and checks all hashes and checksums against the rows.
    """
    settings, clock = load_settings(), SystemClock()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        stored = _stored(make_store(settings))
        with sessions() as session, session.begin():
            new = restore.start_epoch(session, stored)
            newest_loss(session, clock.now(), local_user())
            hold = sending_hold.in_force(session)
        checked = begin_checks(sessions, clock.now())
        console.print(f"New epoch {new.epoch} at position {new.position}.")
        console.print("At its next sync each phone compares checksums, repairs differences, and pushes again.")
        if checked:
            console.print(
                f"{checked} documents were not sent when the backup was made. "
                "Nothing is decided about them until the ERP was asked whether it has them."
            )
        if new.head_raised_by:
            console.print(
                f"[yellow]Rows were {new.head_raised_by} positions above the head; it was raised.[/yellow]"
            )
        for (channel, collection), position in new.withdrawn:
            console.print(
                f"Segments of {channel} {collection} at {position} are withdrawn; the worker builds new ones."
            )
        with console.status("Checking checksums") as status:
            repaired = list(
                restore.rebuild_checksums(
                    sessions, lambda done, all: status.update(f"Checking checksums: stream {done} of {all}")
                )
            )
    for check in repaired:
        console.print(_repair(check), soft_wrap=True)
    console.print(
        f"{len(repaired)} streams were repaired." if repaired else "All hashes and checksums are correct."
    )
    if hold is not None:
        console.print(f"{hold.message}. Next: {sending_hold.NEXT_STEP}.", soft_wrap=True)


def _stored(store: Store) -> set[str] | None:
    """Return the names of the stored segments, or None: a store that fails must not stop a restore."""
    try:
        return {file.name for file in store.stored()}
    except StoreFailed as error:
        errors.print(
            f"The segment store cannot be listed: {error}. Segments missing from it are not withdrawn."
        )
        return None


def _repair(check: StreamCheck) -> str:
    channel, collection = check.stream
    findings = []
    if check.recorded != check.actual:
        recorded, actual = check.recorded, check.actual
        findings.append(
            f"recorded: {recorded.count} rows, checksum {recorded.sum:016x}; "
            f"actual: {actual.count} rows, checksum {actual.sum:016x}"
        )
    if check.wrong_hashes:
        findings.append(f"{check.wrong_hashes} rows had a wrong hash")
    if check.head_raised:
        findings.append("a row was above the head")
    return f"[yellow]{channel} {collection}[/yellow]: {'; '.join(findings)}; repaired"
