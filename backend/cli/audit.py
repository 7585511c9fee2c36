"""`satchel audit …`: read, verify and export the audit trail."""

import datetime as dt
import itertools
import json
from pathlib import Path

import click

from backend.cli.context import console, load_settings, local_user, transaction
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.identity import audit, audit_chain, audit_export
from backend.identity.audit_chain import ChainBroken, Head

LEAST_DAYS = 30
"""Entries of the last days always stay in the table."""


@click.group("audit")
def audit_group() -> None:
    """Read, verify and export the audit trail."""


@audit_group.command("list")
@click.option("--subject", help="Only entries about this device, rep, account or document.")
@click.option("--actor", help="Only entries of this actor, such as user:anna or device:01J….")
@click.option("--action", help="Only entries with this action, such as device.revoked.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
def list_entries(subject: str | None, actor: str | None, action: str | None, limit: int) -> None:
    """List entries, newest first."""
    with transaction(load_settings()) as session:
        print_table(
            audit.entries(session, subject=subject, actor=actor, action=action, limit=limit),
            {
                "entry": lambda entry: entry.number,
                "at": lambda entry: entry.at,
                "actor": lambda entry: entry.actor,
                "action": lambda entry: entry.action,
                "subject": lambda entry: entry.subject,
                "detail": lambda entry: json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
            },
            empty="No entries.",
        )


def _anchor(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[Head]:
    heads = []
    for value in values:
        number, _, digest = value.partition(":")
        if not (number.isascii() and number.isdigit() and len(digest) == 64):
            raise click.BadParameter("must be an entry's number, a colon, and its hash of 64 digits")
        heads.append(Head(int(number), digest.lower()))
    return heads


@audit_group.command()
@click.option(
    "--head",
    "anchors",
    multiple=True,
    callback=_anchor,
    metavar="NUMBER:HASH",
    help="An entry that the chain must have; the log and each export give it.",
)
@click.option(
    "--file",
    "paths",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also verify this export, and that the chain continues it. May be given several times.",
)
def verify(anchors: list[Head], paths: tuple[Path, ...]) -> None:
    """Verify that no entry was changed, inserted or removed. Exits with status 1 and says where if one was.

    Without --head or --file, missing entries at the end are not noticed.
    """
    try:
        exports = sorted((audit_export.read(path) for path in paths), key=lambda each: each.start.number)
        for earlier, later in itertools.pairwise(exports):
            if later.start != earlier.head:
                raise ChainBroken(f"no file continues the one that ends with entry {earlier.head.number}")
        with transaction(load_settings()) as session:
            heads = [*anchors, *(each.head for each in exports[-1:])]
            count, head = audit_chain.verify(session, anchors=heads)
    except ChainBroken as error:
        raise click.ClickException(f"the audit trail does not verify: {error}") from None
    console.print(f"{count} entries verify. Head {head}", highlight=False, soft_wrap=True)


def _file(ctx: click.Context, param: click.Parameter, value: str) -> Path:
    # Not `click.Path`: it ends with a traceback for a name with U+0000.
    if not value.isprintable():
        raise click.BadParameter("must be a name of printable characters")
    return Path(value)


@audit_group.command()
@click.argument("file", callback=_file)
@click.option(
    "--remove-before",
    "days",
    type=click.IntRange(LEAST_DAYS),
    metavar="DAYS",
    help="Export only entries older than DAYS, and remove them from the table.",
)
def export(file: Path, days: int | None) -> None:
    """Write the entries to the new FILE: JSON lines that `verify --file` checks, or CSV if it is named *.csv.

    CSV is for people to read; entries are never removed after it.
    """
    actor, now = local_user(), SystemClock().now()
    settings = load_settings()
    if file.suffix == ".csv":
        if days is not None:
            raise CannotRun("entries are removed only after an export that can be verified; name it .jsonl")
        with transaction(settings) as session:
            count = audit_export.write_csv(session, file)
            audit.record(session, actor=actor, action="audit.exported", subject="csv", now=now)
        console.print(f"{count} entries are in {file}", soft_wrap=True)
        return
    before = None if days is None else now - dt.timedelta(days=days)
    try:
        with transaction(settings) as session:
            done = audit_export.write(session, file, before=before)
            if before is not None and done.count:
                audit_export.seal(session, done, actor=actor, now=now)
            else:
                audit.record(
                    session, actor=actor, action="audit.exported", subject=str(done.head.number), now=now,
                    detail={"hash": done.head.hash, "entries": done.count, "sha256": done.sha256},
                )  # fmt: skip
    except ChainBroken as error:
        raise click.ClickException(f"nothing was exported, the audit trail does not verify: {error}") from None
    console.print(f"{done.count} entries are in {file}. Head {done.head}", highlight=False, soft_wrap=True)
    if before is not None:
        with transaction(settings) as session:
            removed = audit_export.remove(session)
        console.print(f"{removed} entries were removed from the table; keep {file}", soft_wrap=True)
