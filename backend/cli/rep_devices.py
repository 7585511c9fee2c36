"""`satchel rep …` about phones: codes for enrolment, and the devices that were enrolled."""

import datetime as dt

import click

from backend.cli.context import console, load_settings, local_user, transaction
from backend.cli.named import name_argument, require_device, require_rep
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.clock import SystemClock
from backend.identity import devices as identity_devices
from backend.identity import enrolment, enrolment_codes, names
from backend.identity.devices import DeviceState, ListedDevice
from backend.settings import Settings
from sync_protocol.local_time import local_time

MAX_MINUTES = 10_080
"""A week."""


def life(settings: Settings) -> dt.timedelta:
    """Return how long an enrolment code is valid."""
    return dt.timedelta(minutes=settings.enrolment_minutes)


@click.command()
@click.argument("id")
@click.option("--device", help="The phone that enrols again: it keeps this id, with its outbox.")
@click.option(
    "--minutes",
    type=click.IntRange(1, MAX_MINUTES),
    help="Minutes for which the code is valid.  [default: SATCHEL_ENROLMENT_MINUTES, 10]",
)
def code(id: str, device: str | None, minutes: int | None) -> None:
    """Create a one-time code with which the rep enrols a phone. It is printed only this once."""
    settings, now = load_settings(), SystemClock().now()
    lasting = dt.timedelta(minutes=minutes) if minutes else life(settings)
    with transaction(settings) as session:
        if not require_rep(session, id).active:
            raise CannotRun(f"rep {id} is not active; `satchel rep activate {id}` changes that")
        renewed = require_device(session, device).id if device is not None else None
        try:
            new = enrolment.create(session, id, now, lasting, renews=renewed, actor=local_user())
        except ValueError as error:
            raise CannotRun(f"{error}; `satchel rep devices {id}` lists the devices") from None
    console.print(new, highlight=False)


@click.command()
@click.argument("id", required=False)
def codes(id: str | None) -> None:
    """List the codes that can still be used, of all reps or of the rep ID. Only their hashes are stored."""
    with transaction(load_settings()) as session:
        rep = require_rep(session, id).id if id is not None else None
        print_table(
            enrolment_codes.open_codes(session, SystemClock().now(), rep=rep),
            {
                "reference": enrolment_codes.reference,
                "rep": lambda code: code.rep,
                "for device": lambda code: code.renews or "a new one",
                "made": lambda code: code.created_at,
                "by": lambda code: code.created_by,
                "valid until": lambda code: code.expires_at,
            },
            empty="No code can be used: `satchel rep code <rep>` makes one.",
        )


@click.command()
@click.argument("reference")
def withdraw(reference: str) -> None:
    """Withdraw a code, which then enrols no phone. REFERENCE is from `satchel rep codes`, or the code."""
    with transaction(load_settings()) as session:
        now = SystemClock().now()
        code_found = enrolment_codes.find(session, reference, now)
        if code_found is None or not enrolment_codes.withdraw(session, code_found, actor=local_user(), now=now):
            raise CannotRun("no code that can still be used has this reference; `satchel rep codes` lists them")
        rep = code_found.rep
    console.print(visible(f"The code for rep {rep} is withdrawn"))


@click.command()
@click.argument("id", required=False)
def devices(id: str | None) -> None:
    """List the devices of all reps, or of the rep ID, and whether revoked ones have been wiped."""
    with transaction(load_settings()) as session:
        rep = require_rep(session, id).id if id is not None else None
        print_table(
            identity_devices.listed(session, rep=rep),
            {
                "id": lambda listed: listed.device.id,
                "rep": lambda listed: listed.device.rep,
                "name": lambda listed: listed.device.name,
                "app": lambda listed: listed.device.app_version,
                "enrolled": lambda listed: listed.device.enrolled_at,
                "last seen": lambda listed: listed.device.last_seen_at or "never",
                "state": _state,
            },
            empty="No devices yet: `satchel rep code <rep>` makes a code to enrol one.",
        )


def _state(listed: ListedDevice) -> str:
    """Return the state with its times, and what the office still has to do."""
    state, since = listed.state, local_time(listed.since) if listed.since else ""
    if state is DeviceState.WIPE_REQUESTED:
        return f"{state} {since}".rstrip()
    if state is not DeviceState.WIPED:
        return state
    unsent = listed.device.wipe_exported
    requested = local_time(listed.device.revoked_at) if listed.device.revoked_at else ""
    text = f"wipe requested {requested}, confirmed {since}"
    return f"{text}; it exported {unsent} unsent: `satchel import-unsent`" if unsent else text


@click.command()
@click.argument("device")
@click.argument("name", callback=name_argument(names.device_name))
def rename(device: str, name: str) -> None:
    """Give a DEVICE the name NAME. DEVICE is its id, or four characters or more of its beginning or end."""
    with transaction(load_settings()) as session:
        row = require_device(session, device)
        identity_devices.rename(session, row, name, actor=local_user(), now=SystemClock().now())
        id = row.id
    console.print(visible(f"Device {id} is now called {name}"))


@click.command()
@click.argument("device")
def revoke(device: str) -> None:
    """Revoke a DEVICE. The reply to its next request tells it to wipe itself, which it then confirms.

    DEVICE is its id, or the beginning or the end of it, four characters or more. `satchel rep devices` shows
    whether the wipe is requested or confirmed, and when.
    """
    with transaction(load_settings()) as session:
        row = require_device(session, device)
        changed = enrolment.revoke(session, row, actor=local_user(), now=SystemClock().now())
        id = row.id
    console.print(f"Device {id} is revoked" if changed else f"Device {id} was revoked already")
