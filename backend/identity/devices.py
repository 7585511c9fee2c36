"""Devices for people who manage them: list and rename them, and see whether a revoked one has been wiped.

Commands and the console call these functions. `enrolment.revoke` revokes a device, which orders its wipe.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity import audit, names
from backend.identity.models import Device, Rep


class DeviceState(StrEnum):
    """What a device may do."""

    ACTIVE = "active"
    ENROL_AGAIN = "must enrol again: a refresh token was reused"
    WIPE_REQUESTED = "wipe requested"
    """It is revoked. The reply to its next request tells it to wipe itself."""
    WIPED = "wiped"
    """It has confirmed that it has wiped itself."""


@dataclass(frozen=True)
class ListedDevice:
    """A device, its state, and the time since when it has been in that state."""

    device: Device
    state: DeviceState
    since: dt.datetime | None
    """None: a rep was deactivated before their devices were revoked with it."""


def state_of(device: Device, rep: Rep) -> ListedDevice:
    """Return the state of *device* of *rep*."""
    if device.wipe_confirmed_at is not None:
        return ListedDevice(device, DeviceState.WIPED, device.wipe_confirmed_at)
    if device.revoked_at is not None or not rep.active:
        return ListedDevice(device, DeviceState.WIPE_REQUESTED, device.revoked_at)
    if device.reuse_noticed_at is not None:
        return ListedDevice(device, DeviceState.ENROL_AGAIN, device.reuse_noticed_at)
    return ListedDevice(device, DeviceState.ACTIVE, device.enrolled_at)


def listed(session: Session, *, rep: str | None = None) -> list[ListedDevice]:
    """Return all devices by rep and time of enrolment; those of *rep* if given."""
    statement = (
        select(Device, Rep).join(Rep, Rep.id == Device.rep).order_by(Device.rep, Device.enrolled_at, Device.id)
    )
    if rep is not None:
        statement = statement.where(Device.rep == rep)
    return [state_of(device, owner) for device, owner in session.execute(statement)]


def rename(session: Session, device: Device, name: str, *, actor: str, now: dt.datetime) -> None:
    """Give *device* the name *name* in the office; raises `names.NameRefused`."""
    names.device_name(name)
    session.refresh(device, with_for_update=True)
    detail = {"from": device.name, "to": name}
    device.name = name
    audit.record(session, actor=actor, action="device.rename", subject=device.id, now=now, detail=detail)
