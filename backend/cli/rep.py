"""`satchel rep …`: reps, what they hear, and their devices."""

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.table import Column, Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.context import console, load_settings, transaction
from backend.cli.init import DEFAULT_ROLE, add_rep
from backend.clock import SystemClock
from backend.identity import access, enrolment
from backend.identity.audit import record
from backend.identity.models import Device, Rep, RoleCollection
from backend.sync import grants


@click.group()
def rep() -> None:
    """Manage reps, their assignments and their devices."""


@contextmanager
def _transaction(action: str, subject: str, **detail: object) -> Iterator[Session]:
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


def _known(session: Session, id: str) -> Rep:
    found = session.get(Rep, id)
    if found is None:
        raise click.ClickException(f"there is no rep {id}; `satchel rep list` shows those there are")
    return found


@rep.command()
@click.argument("id")
@click.argument("name")
@click.option("--employee", help="The person's number in the ERP; expense claims are paid to it.")
@click.option("--role", default=DEFAULT_ROLE, show_default=True)
def add(id: str, name: str, employee: str | None, role: str) -> None:
    """Add a rep, or change one."""
    with _transaction("rep.add", id, name=name, role=role) as session:
        if not session.scalars(select(RoleCollection).where(RoleCollection.role == role)).first():
            raise click.ClickException(f"there is no role {role!r}; `satchel rep role {role} …` makes it")
        add_rep(session, id, name, employee, role)
    console.print(f"Rep {id} {name}, role {role}")


@rep.command("list")
def list_reps() -> None:
    """List reps with what they hear."""
    table = Table("id", "name", "role", "employee", "hears", "devices")
    with transaction(load_settings()) as session:
        for found in session.scalars(select(Rep).order_by(Rep.id)):
            devices = session.scalars(select(Device).where(Device.rep == found.id, Device.revoked_at.is_(None)))
            hears = ", ".join(access.channels(session, found.id)[2:]) or "nothing of a territory"
            table.add_row(
                found.id,
                found.name if found.active else f"{found.name} (inactive)",
                found.role,
                found.employee_number or "",
                hears,
                str(len(devices.all())),
            )
    console.print(table if table.row_count else "No reps yet: `satchel rep add R1 'Name'`.")


@rep.command()
@click.argument("id")
@click.argument("channel")
def assign(id: str, channel: str) -> None:
    """Let a rep hear CHANNEL: territory:NW or warehouse:W1."""
    with _transaction("rep.assign", id, channel=channel) as session:
        _known(session, id)
        try:
            changed = grants.assign(session, id, channel, _now())
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    console.print(f"{id} hears {channel}" if changed else f"{id} heard {channel} already")


@rep.command()
@click.argument("id")
@click.argument("channel")
def unassign(id: str, channel: str) -> None:
    """Let a rep hear CHANNEL no longer; the phone drops its records with the next sync."""
    with _transaction("rep.unassign", id, channel=channel) as session:
        _known(session, id)
        if not grants.unassign(session, id, channel, _now()):
            raise click.ClickException(f"{id} does not hear {channel}")
    console.print(f"{id} hears {channel} no longer")


@rep.command()
@click.argument("role")
@click.argument("collections", nargs=-1, required=True)
def role(role: str, collections: tuple[str, ...]) -> None:
    """Set the COLLECTIONS that reps of ROLE hear."""
    with _transaction("role.set", role, collections=list(collections)) as session:
        try:
            grants.set_role(session, role, collections)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    console.print(f"Role {role}: {', '.join(collections)}")


@rep.command()
@click.argument("id")
@click.option("--hours", default=48, show_default=True, help="How long the code can be used.")
def code(id: str, hours: int) -> None:
    """Make a one-time code with which the rep's phone enrols."""
    with _transaction("enrolment.code", id) as session:
        _known(session, id)
        made = enrolment.create(session, id, _now(), dt.timedelta(hours=hours))
    console.print(made, highlight=False)


@rep.command()
@click.argument("id", required=False)
def devices(id: str | None) -> None:
    """List devices, of one rep or of all."""
    table = Table(Column("device", no_wrap=True), "rep", "name", "app", "enrolled", "last seen", "state")
    with transaction(load_settings()) as session:
        for device in session.scalars(select(Device).order_by(Device.rep, Device.enrolled_at)):
            if id is None or device.rep == id:
                table.add_row(
                    device.id,
                    device.rep,
                    device.name,
                    device.app_version or "",
                    f"{device.enrolled_at:%Y-%m-%d %H:%M}",
                    f"{device.last_seen_at:%Y-%m-%d %H:%M}" if device.last_seen_at else "never",
                    "revoked" if device.revoked_at else "active",
                )
    console.print(
        table if table.row_count else "No devices yet: `satchel rep code <rep>` makes a code to enrol one."
    )


@rep.command()
@click.argument("device")
def revoke(device: str) -> None:
    """Revoke a DEVICE: its next request is answered with the order to wipe itself."""
    with _transaction("device.revoke", device) as session:
        found = session.get(Device, device)
        if found is None:
            raise click.ClickException(
                f"there is no device {device}; `satchel rep devices` shows those there are"
            )
        enrolment.revoke(session, found, actor=f"user:{getpass.getuser()}", now=_now())
    console.print(f"Device {device} is revoked")
