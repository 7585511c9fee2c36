"""`satchel receipts …`: refused receipts, and another check of them."""

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
@click.argument("sha256")
def recheck(sha256: str) -> None:
    """Check the refused receipt SHA256 again, as after an upgrade of the decoders; a worker does it.

    An expense claim that was rejected because of it stays rejected. Its rep sends an edited copy, and needs no
    new photograph.
    """
    with audited("receipt.rechecked", sha256) as session:
        try:
            rechecks.recheck(session, sha256)
        except rechecks.NotRefused as error:
            raise CannotRun(str(error)) from None
    console.print(f"Receipt {sha256} is checked again", highlight=False)
