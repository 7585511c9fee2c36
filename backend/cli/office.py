"""`satchel office …`: the people of the office, who use the console, and its programs, which use the API."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import click

from backend.cli.context import console, load_settings, local_user, transaction
from backend.cli.named import name_argument
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.clock import SystemClock
from backend.identity import names
from backend.office import accounts, sessions, sign_in
from backend.office.accounts import AccountMissing
from backend.office.roles import Role

NAME = click.argument("name", callback=name_argument(names.account_name))
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def office() -> None:
    """Manage the people of the office, and the programs that use its API."""


@office.command()
@NAME
@click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in Role]),
    multiple=True,
    required=True,
    help="What the account may do; docs/console.md has the table. Give it again for another role.",
)
@click.option("--territory", help="Only documents and phones of the reps of this territory.")
@click.option("--token", "as_program", is_flag=True, help="Print a token for the API instead of a password.")
def add(name: str, roles: tuple[str, ...], territory: str | None, as_program: bool) -> None:
    """Create the account NAME, or replace its roles and its secret.

    The initial password is printed only this once. NAME signs in with it within seven days, and chooses
    another one.
    """
    with _refusals(), transaction(load_settings()) as session:
        by, now = local_user(), SystemClock().now()
        accounts.add(session, name, roles, territory=territory, by=by, now=now)
        issue = accounts.issue_token if as_program else sign_in.issue_password
        secret = issue(session, name, by=by, now=now)
    console.print(secret, highlight=False)


@office.command()
@NAME
def token(name: str) -> None:
    """Print a new token for the API of the account NAME, only this once. Its former token stops working."""
    with _refusals(), transaction(load_settings()) as session:
        secret = accounts.issue_token(session, name, by=local_user(), now=SystemClock().now())
    console.print(secret, highlight=False)


@office.command()
@NAME
@click.option("--without-second-factor", is_flag=True, help="Remove the second factor too: it was lost.")
def password(name: str, without_second_factor: bool) -> None:
    """Print a new initial password of the account NAME, only this once. Its sessions end."""
    with _refusals(), transaction(load_settings()) as session:
        by, now = local_user(), SystemClock().now()
        secret = sign_in.issue_password(
            session, name, by=by, now=now, without_second_factor=without_second_factor
        )
    console.print(secret, highlight=False)


@office.command()
@NAME
@click.argument("deputy", callback=name_argument(names.account_name))
@click.option("--since", type=DAY, help="First day, as 2026-12-24. Default: from now on.")
@click.option("--until", type=DAY, required=True, help="Last day.")
def deputy(name: str, deputy: str, since: dt.datetime | None, until: dt.datetime) -> None:
    """Let the account DEPUTY have the roles of NAME too, for a period."""
    settings, now = load_settings(), SystemClock().now()
    zone = ZoneInfo(settings.zone)
    begins = now if since is None else since.replace(tzinfo=zone)
    ends = (until + dt.timedelta(days=1)).replace(tzinfo=zone)
    with _refusals(), transaction(settings) as session:
        accounts.set_deputy(session, name, deputy, since=begins, until=ends, by=local_user(), now=now)
    console.print(visible(f"{deputy} has the roles of {name} too, until {until:%Y-%m-%d}"))


@office.command("sessions")
def list_sessions() -> None:
    """List who is signed in to the console."""
    settings = load_settings()
    with transaction(settings) as session:
        print_table(
            sessions.open_sessions(session, sessions.limits(settings), SystemClock().now()),
            {
                "name": lambda each: each.account,
                "since": lambda each: each.began_at,
                "last request": lambda each: each.seen_at,
                "network": lambda each: each.network,
                "browser": lambda each: each.browser,
            },
            empty="Nobody is signed in.",
        )


@office.command("sign-out")
@NAME
def sign_out(name: str) -> None:
    """End all sessions of the account NAME; its next request leads to the sign-in."""
    with _refusals(), transaction(load_settings()) as session:
        count = sign_in.sign_out_everywhere(session, name, by=local_user(), now=SystemClock().now())
    console.print(f"{count} sessions ended")


@office.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke the account NAME; its next request is refused, and its sessions end."""
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
                "name": lambda row: row[0].name,
                "roles": lambda row: ", ".join(row[1]),
                "territory": lambda row: row[0].territory,
                "signs in with": lambda row: accounts.ways_of(row[0]),
                "last used": lambda row: row[0].last_used_at or "never",
                "state": lambda row: "revoked" if row[0].revoked_at else "active",
            },
            empty="No accounts yet: `satchel office add NAME --role order_desk` creates one.",
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what cannot be done to an account into one sentence."""
    try:
        yield
    except (AccountMissing, ValueError) as error:
        raise CannotRun(str(error)) from None
