"""Finds what an argument of a command names: a rep, or a device by its id or a part of it.

Raises `CannotRun` if the text names none or several. Documents have `backend/inbox/references.py`, which the
office's API uses too.
"""

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.cli.refusal import CannotRun
from backend.identity.models import Device, Rep
from backend.identity.names import NameRefused, is_storable
from sync_protocol.document_reference import is_part_of_id

_SHOWN = 5


def name_argument(rule: Callable[[str], str]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback of click that checks an argument with *rule* of `backend.identity.names`."""

    def check(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        try:
            return None if value is None else rule(value)
        except NameRefused as error:
            raise click.BadParameter(str(error)) from None

    return check


def require_rep(session: Session, id: str) -> Rep:
    """Return the rep *id*."""
    rep = session.get(Rep, id) if is_storable(id) else None
    if rep is None:
        raise CannotRun(f"there is no rep {id}; `satchel rep list` lists them")
    return rep


def require_device(session: Session, text: str) -> Device:
    """Return the one device that *text* names: its id, or four characters or more of its beginning or end."""
    part = text.strip().upper()
    devices: list[Device] = []
    if is_part_of_id(part):
        alike = or_(Device.id.startswith(part), Device.id.endswith(part))
        devices = list(session.scalars(select(Device).where(alike).order_by(Device.id).limit(_SHOWN + 1)))
    exact = [device for device in devices if device.id == part]
    if len(exact or devices) == 1:
        return (exact or devices)[0]
    if not devices:
        raise CannotRun(f"there is no device {text}; `satchel rep devices` lists them")
    shown = ", ".join(device.id for device in devices[:_SHOWN]) + (" …" if len(devices) > _SHOWN else "")
    raise CannotRun(f"{text} names more than one device: {shown}; write more of the id")
