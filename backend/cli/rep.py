"""`satchel rep …`: reps, their role and channels, and their devices."""

import datetime as dt

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli import rep_devices, rep_reports
from backend.cli.context import audited, console, load_settings, local_user, transaction
from backend.cli.named import name_argument, require_rep
from backend.cli.price_limit import limit
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.clock import SystemClock
from backend.feed import reading
from backend.identity import access, names, reps
from backend.identity.models import Device, Rep, RoleCollection
from backend.sync import grants
from sync_protocol.channel import dimension_of

MAX_SHOWN = 20
"""Channels that a message names."""


@click.group()
def rep() -> None:
    """Manage reps, their channels and their devices."""


rep.add_command(limit)


def _now() -> dt.datetime:
    return SystemClock().now()


def _require_records(session: Session, channel: str) -> None:
    """Refuse a channel in which there was never a record, if there are records in others of its dimension."""
    dimension = dimension_of(channel)
    known = [name for name in reading.channels(session) if dimension_of(name) == dimension]
    if known and channel not in known:
        shown = ", ".join(known[:MAX_SHOWN]) + (" …" if len(known) > MAX_SHOWN else "")
        raise CannotRun(f"no record of the ERP is in {channel}; there are {shown}. If it is right, add --new")


@rep.command()
@click.argument("id", callback=name_argument(names.rep_id))
@click.argument("name", callback=name_argument(names.rep_name))
@click.option(
    "--employee",
    callback=name_argument(names.employee_number),
    help="Employee number in the ERP; expense claims are paid to it.",
)
@click.option(
    "--role",
    default=reps.DEFAULT_ROLE,
    show_default=True,
    callback=name_argument(names.role),
    help="Decides which collections the rep may read.",
)
def add(id: str, name: str, employee: str | None, role: str) -> None:
    """Add a rep, or change the name, employee number and role of an existing one."""
    with audited("rep.add", id, name=name, role=role) as session:
        if not session.scalars(select(RoleCollection).where(RoleCollection.role == role)).first():
            raise CannotRun(f"there is no role {role!r}; create it with `satchel rep role {role} COLLECTION …`")
        reps.save(session, id, name, employee, role)
    console.print(visible(f"Rep {id} {name}, role {role}"))


@rep.command()
@click.argument("id")
def deactivate(id: str) -> None:
    """Deactivate a rep who has left, with all devices and codes.

    At its next request each phone exports unsent documents and wipes itself.

    Documents that the server has are still sent to the ERP.
    """
    with transaction(load_settings()) as session:
        count = reps.deactivate(session, require_rep(session, id), actor=local_user(), now=_now())
    phones = "One phone wipes itself" if count == 1 else f"{count} phones wipe themselves"
    console.print(visible(f"Rep {id} is not active. {phones} at the next request."))


@rep.command()
@click.argument("id")
def activate(id: str) -> None:
    """Activate a rep again. Their phones were wiped and need a new code."""
    with transaction(load_settings()) as session:
        reps.activate(session, require_rep(session, id), actor=local_user(), now=_now())
    console.print(visible(f"Rep {id} is active. `satchel rep code {id}` makes a code for a phone."))


@rep.command("list")
def list_reps() -> None:
    """List reps with the channels that they may read."""
    with transaction(load_settings()) as session:
        statement = (
            select(Device.rep, func.count().label("devices"))
            .where(Device.revoked_at.is_(None))
            .group_by(Device.rep)
        )
        active = {row.rep: row.devices for row in session.execute(statement)}
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
@click.argument("channel", callback=name_argument(names.assignable_channel))
@click.option("--new", is_flag=True, help="Assign a channel in which the ERP has no record yet.")
def assign(id: str, channel: str, new: bool) -> None:
    """Let a rep read CHANNEL, such as territory:NW or warehouse:W1.

    Once the ERP has been read, a channel without any record is taken for a typing error.
    """
    with audited("rep.assign", id, channel=channel) as session:
        require_rep(session, id)
        if not new:
            _require_records(session, channel)
        try:
            changed = grants.assign(session, id, channel, _now())
        except ValueError as error:
            raise CannotRun(str(error)) from None
    console.print(visible(f"{id} may read {channel}" if changed else f"{id} could read {channel} already"))


@rep.command()
@click.argument("id")
@click.argument("channel")
def unassign(id: str, channel: str) -> None:
    """Take CHANNEL from a rep. At the next sync the phone deletes its records."""
    with audited("rep.unassign", id, channel=channel) as session:
        require_rep(session, id)
        if not (names.is_storable(channel) and grants.unassign(session, id, channel, _now())):
            raise CannotRun(f"{channel} is not assigned to {id}")
    console.print(visible(f"{id} may no longer read {channel}"))


@rep.command()
@click.argument("role", callback=name_argument(names.role))
@click.argument("collections", nargs=-1, required=True)
def role(role: str, collections: tuple[str, ...]) -> None:
    """Set the COLLECTIONS that reps with ROLE may read. Creates the role if it does not exist."""
    with audited("role.set", role, collections=list(collections)) as session:
        try:
            grants.set_role(session, role, collections)
        except ValueError as error:
            raise CannotRun(str(error)) from None
    console.print(visible(f"Role {role}: {', '.join(collections)}"))


for _command in (rep_devices.code, rep_devices.codes, rep_devices.withdraw):
    rep.add_command(_command)
for _command in (
    rep_devices.devices,
    rep_devices.rename,
    rep_devices.revoke,
    rep_reports.unsent,
    rep_reports.syncs,
):
    rep.add_command(_command)
