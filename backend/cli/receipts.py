"""`satchel receipts …`: refused receipts, and another check of them."""

import datetime as dt

import click

from backend.cli.context import audited, console, load_settings, transaction
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table
from backend.receipts import rechecks


@click.group("receipts")
def receipts_group() -> None:
    """List refused receipts, and check them again."""


@receipts_group.command("refused")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
def refused(limit: int) -> None:
    """List refused receipts, newest first."""
    with transaction(load_settings()) as session:
        print_table(
            rechecks.refused(session, limit),
            {
                "sha256": lambda receipt: receipt.sha256,
                "type": lambda receipt: receipt.media_type,
                "stored at": lambda receipt: receipt.stored_at,
                "refusal": lambda receipt: receipt.refusal,
            },
            empty="No refused receipts.",
        )


@receipts_group.command()
@click.argument("sha256", required=False)
@click.option(
    "--copies-before",
    "before",
    type=click.DateTime(),
    help="Instead of SHA256: make all copies again that were made before then (UTC), such as the time of an "
    "upgrade that removes more metadata.",
)
def recheck(sha256: str | None, before: dt.datetime | None) -> None:
    """Check the refused receipt SHA256 again, as after an upgrade of the decoders; a worker does it.

    An expense claim that was rejected because of it stays rejected. Its rep sends an edited copy, and needs no
    new photograph.
    """
    if sha256 is not None and before is None:
        _recheck_refused(sha256)
    elif before is not None and sha256 is None:
        _recheck_copies(before.replace(tzinfo=dt.UTC))
    else:
        raise click.UsageError("give either SHA256 or --copies-before")


def _recheck_copies(before: dt.datetime) -> None:
    with audited("receipt.copies_rechecked", f"before {before.isoformat()}") as session:
        count = rechecks.recheck_copies(session, before)
    console.print(f"{count} copies are made again", highlight=False)


def _recheck_refused(sha256: str) -> None:
    with audited("receipt.rechecked", sha256) as session:
        try:
            rechecks.recheck(session, sha256)
        except rechecks.NotRefused as error:
            raise CannotRun(str(error)) from None
    console.print(f"Receipt {sha256} is checked again", highlight=False)
