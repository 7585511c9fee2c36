"""Reps: add, change, deactivate and activate them. Commands and the console call these functions.

A rep who is deactivated has no device and no code any more: what is left of either would work again as soon as
the rep is activated.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity import audit, enrolment, enrolment_codes, names
from backend.identity.models import Device, Rep

DEFAULT_ROLE = "sales"


def save(session: Session, id: str, name: str, employee_number: str | None, role: str = DEFAULT_ROLE) -> Rep:
    """Add the rep *id*, or change the name, employee number and role; raises `names.NameRefused`."""
    names.rep_id(id)
    names.rep_name(name)
    names.role(role)
    if employee_number is not None:
        names.employee_number(employee_number)
    rep = session.get(Rep, id)
    if rep is None:
        rep = Rep(id=id, name=name, role=role, employee_number=employee_number, active=True)
        session.add(rep)
    else:
        rep.name, rep.employee_number, rep.role = name, employee_number, role
    session.flush()
    return rep


def deactivate(session: Session, rep: Rep, *, actor: str, now: dt.datetime) -> int:
    """Deactivate *rep*: revoke all devices, and withdraw all codes. Return the number of devices revoked.

    Each device gets the order to wipe with its next request.
    """
    session.refresh(rep, with_for_update=True)
    rep.active = False
    revoked = _end_access(session, rep, actor=actor, now=now)
    audit.record(
        session, actor=actor, action="rep.deactivate", subject=rep.id, now=now, detail={"devices": revoked}
    )
    return revoked


def activate(session: Session, rep: Rep, *, actor: str, now: dt.datetime) -> None:
    """Activate *rep* again. Phones from before stay revoked, and need a new code."""
    session.refresh(rep, with_for_update=True)
    if not rep.active:
        # Reps deactivated by an earlier version still have them.
        _end_access(session, rep, actor=actor, now=now)
    rep.active = True
    audit.record(session, actor=actor, action="rep.activate", subject=rep.id, now=now)


def _end_access(session: Session, rep: Rep, *, actor: str, now: dt.datetime) -> int:
    """Revoke the devices of *rep* and withdraw the codes; return the number of devices."""
    # Codes before devices, as `enrolment.redeem` locks them; else the two could wait for each other.
    for code in enrolment_codes.open_codes(session, now, rep=rep.id):
        enrolment_codes.withdraw(session, code, actor=actor, now=now)
    devices = session.scalars(
        select(Device).where(Device.rep == rep.id, Device.revoked_at.is_(None)).order_by(Device.id)
    ).all()
    for device in devices:
        enrolment.revoke(session, device, actor=actor, now=now)
    return len(devices)
