"""`satchel office …`: accounts of the back office, for its API."""

import click

from backend.cli.context import console, load_settings, local_user, transaction
from backend.cli.named import name_argument
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.clock import SystemClock
from backend.identity import names
from backend.office import accounts


@click.group()
def office() -> None:
    """Manage the accounts that may use the API of the office."""


@office.command()
@click.argument("name", callback=name_argument(names.account_name))
@click.option(
    "--role",
    type=click.Choice(list(accounts.PERMISSIONS)),
    default="office",
    show_default=True,
    help="What the account may do; docs/parked.md lists the roles.",
)
def add(name: str, role: str) -> None:
    """Create the account NAME, or replace its token and role. The token is printed only this once."""
    with transaction(load_settings()) as session:
        by, now = local_user(), SystemClock().now()
        token = accounts.issue(session, name, role, by=by, now=now)
    console.print(token, highlight=False)


@office.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke the account NAME; its next request is refused."""
    with transaction(load_settings()) as session:
        by, now = local_user(), SystemClock().now()
        if not names.is_storable(name) or not accounts.revoke(session, name, by=by, now=now):
            raise CannotRun(f"there is no active account {name}; `satchel office list` lists them")
    console.print(visible(f"Account {name} is revoked"))


@office.command("list")
def list_accounts() -> None:
    """List the accounts."""
    with transaction(load_settings()) as session:
        print_table(
            accounts.accounts(session),
            {
                "name": lambda account: account.name,
                "role": lambda account: account.role,
                "last used": lambda account: account.last_used_at or "never",
                "state": lambda account: "revoked" if account.revoked_at else "active",
            },
            empty="No accounts yet: `satchel office add NAME` creates one.",
        )
