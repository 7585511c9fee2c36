"""`satchel rep …`: reps, their role and channels, and their devices."""

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.context import console, load_settings, transaction
from backend.cli.init import DEFAULT_ROLE, add_rep
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.identity import access, enrolment
from backend.identity.audit import record
from backend.identity.models import Device, Rep, RoleCollection
from backend.sync import grants


@click.group()
def rep() -> None:
    """Manage reps, their channels and their devices."""


@contextmanager
def _transaction(action: str, subject: str, **detail: object) -> Iterator[Session]:
    """Yield a session; at the end write *action* to the audit trail and commit."""
    with transaction(load_settings()) as session:
        yield session
        record(
            session,
            actor=f"user:{getpass.getuser()}",
            action=action,
            subject=subject,
            detail=detail,
            now=_now(),
        )


def _now() -> dt.datetime:
    return SystemClock().now()


def _require_rep(session: Session, id: str) -> None:
    if session.get(Rep, id) is None:
        raise click.ClickException(f"there is no rep {id}; `satchel rep list` lists them")


@rep.command()
@click.argument("id")
@click.argument("name")
@click.option("--employee", help="Employee number in the ERP; expense claims are paid to it.")
@click.option(
    "--role", default=DEFAULT_ROLE, show_default=True, help="Decides which collections the rep may read."
)
def add(id: str, name: str, employee: str | None, role: str) -> None:
    """Add a rep, or change the name, employee number and role of an existing one."""
    with _transaction("rep.add", id, name=name, role=role) as session:
        if not session.scalars(select(RoleCollection).where(RoleCollection.role == role)).first():
            raise click.ClickException(
                f"there is no role {role!r}; create it with `satchel rep role {role} COLLECTION …`"
            )
        add_rep(session, id, name, employee, role)
    console.print(f"Rep {id} {name}, role {role}")


@rep.command("list")
def list_reps() -> None:
    """List reps with the channels that they may read."""
    with transaction(load_settings()) as session:
        active = dict(
            session.execute(
                select(Device.rep, func.count()).where(Device.revoked_at.is_(None)).group_by(Device.rep)
            )
            .tuples()
            .all()
        )
        print_table(
            session.scalars(select(Rep).order_by(Rep.id)),
            {
                "id": lambda rep: rep.id,
                "name": lambda rep: rep.name if rep.active else f"{rep.name} (inactive)",
                "role": lambda rep: rep.role,
                "employee": lambda rep: rep.employee_number,
                "channels": lambda rep: access.channels(session, rep.id)[2:] or "none assigned",
                "devices": lambda rep: active.get(rep.id, 0),
            },
            empty="No reps yet: `satchel rep add R1 'Name'` adds one.",
        )


@rep.command()
@click.argument("id")
@click.argument("channel")
def assign(id: str, channel: str) -> None:
    """Let a rep read CHANNEL, such as territory:NW or warehouse:W1."""
    with _transaction("rep.assign", id, channel=channel) as session:
        _require_rep(session, id)
        try:
            changed = grants.assign(session, id, channel, _now())
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    console.print(f"{id} may read {channel}" if changed else f"{id} could read {channel} already")


@rep.command()
@click.argument("id")
@click.argument("channel")
def unassign(id: str, channel: str) -> None:
    """Take CHANNEL from a rep. At the next sync the phone deletes its records."""
    with _transaction("rep.unassign", id, channel=channel) as session:
        _require_rep(session, id)
        if not grants.unassign(session, id, channel, _now()):
            raise click.ClickException(f"{channel} is not assigned to {id}")
    console.print(f"{id} may no longer read {channel}")


@rep.command()
@click.argument("role")
@click.argument("collections", nargs=-1, required=True)
def role(role: str, collections: tuple[str, ...]) -> None:
    """Set the COLLECTIONS that reps with ROLE may read. Creates the role if it does not exist."""
    with _transaction("role.set", role, collections=list(collections)) as session:
        try:
            grants.set_role(session, role, collections)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    console.print(f"Role {role}: {', '.join(collections)}")


@rep.command()
@click.argument("id")
@click.option("--hours", default=48, show_default=True, help="Hours for which the code is valid.")
def code(id: str, hours: int) -> None:
    """Create a one-time code with which the rep enrols a phone."""
    with _transaction("enrolment.code", id) as session:
        _require_rep(session, id)
        code = enrolment.create(session, id, _now(), dt.timedelta(hours=hours))
    console.print(code, highlight=False)


@rep.command()
@click.argument("id", required=False)
def devices(id: str | None) -> None:
    """List the devices of all reps, or of the rep ID."""
    statement = select(Device).order_by(Device.rep, Device.enrolled_at)
    with transaction(load_settings()) as session:
        print_table(
            session.scalars(statement.where(Device.rep == id) if id else statement),
            {
                "id": lambda device: device.id,
                "rep": lambda device: device.rep,
                "name": lambda device: device.name,
                "app": lambda device: device.app_version,
                "enrolled": lambda device: device.enrolled_at,
                "last seen": lambda device: device.last_seen_at or "never",
                "state": lambda device: "revoked" if device.revoked_at else "active",
            },
            empty="No devices yet: `satchel rep code <rep>` makes a code to enrol one.",
        )


@rep.command()
@click.argument("device")
def revoke(device: str) -> None:
    """Revoke a DEVICE. The reply to its next request tells it to wipe itself."""
    with _transaction("device.revoke", device) as session:
        row = session.get(Device, device)
        if row is None:
            raise click.ClickException(f"there is no device {device}; `satchel rep devices` lists them")
        enrolment.revoke(session, row, actor=f"user:{getpass.getuser()}", now=_now())
    console.print(f"Device {device} is revoked")
