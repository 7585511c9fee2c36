"""`satchel office …`: accounts of the back office, for its API."""

import getpass

import click
from rich.table import Table

from backend.cli.context import console, load_settings, transaction
from backend.clock import SystemClock
from backend.office import accounts


@click.group()
def office() -> None:
    """Manage who of the back office may use the API."""


@office.command()
@click.argument("name")
@click.option("--role", type=click.Choice(list(accounts.PERMISSIONS)), default="office", show_default=True)
def add(name: str, role: str) -> None:
    """Make an account, or give one a new token or role, and print the token: it is shown once."""
    with transaction(load_settings()) as session:
        by, now = f"user:{getpass.getuser()}", SystemClock().now()
        token = accounts.issue(session, name, role, by=by, now=now)
    console.print(token, highlight=False)


@office.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke an account; its next request is refused."""
    with transaction(load_settings()) as session:
        by, now = f"user:{getpass.getuser()}", SystemClock().now()
        if not accounts.revoke(session, name, by=by, now=now):
            raise click.ClickException(
                f"there is no account {name}; `satchel office list` shows those there are"
            )
    console.print(f"Account {name} is revoked")


@office.command("list")
def list_accounts() -> None:
    """List the accounts."""
    table = Table("name", "role", "last used", "state")
    with transaction(load_settings()) as session:
        for one in accounts.accounts(session):
            used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never"
            table.add_row(one.name, one.role, used, "revoked" if one.revoked_at else "active")
    console.print(table if table.row_count else "No accounts yet: `satchel office add NAME` makes one.")
