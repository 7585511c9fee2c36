"""Ids and names that people choose: one rule each, checked where the name enters.

A refused name is a `NameRefused`, whose message completes "The name …". Rows from before these rules may break
them; `broken_names` finds such rows, and no request fails because of one.
"""

from collections.abc import Callable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity.models import Assignment, Device, OfficeAccount, Rep, RoleCollection
from backend.settings import readers
from sync_protocol.blank import is_blank
from sync_protocol.channel import dimension_of, is_channel
from sync_protocol.fields import Key
from sync_protocol.readable import readable

ASSIGNABLE = ("territory", "warehouse")
"""Dimensions of the channels that a rep can be assigned to."""
MAX_NAME, MAX_KEY, MAX_DEVICE_NAME, MAX_ACCOUNT, MAX_APP_VERSION = 200, 64, 120, 128, 60
"""Characters."""

_KEY = Key()


class NameRefused(ValueError):
    """The name breaks its rule; the message completes "The name …"."""


def rep_id(text: str) -> str:
    """Return the id of a rep, who is the value of a channel: `R1`."""
    if not is_channel(f"rep:{text}"):
        raise NameRefused(f"must be 1 to {MAX_KEY} printable characters without spaces and colons")
    return text


def rep_name(text: str) -> str:
    """Return the name of a rep, which phones show."""
    return _line(text, MAX_NAME)


def employee_number(text: str) -> str:
    """Return the number of a rep in the ERP, to which expense claims are paid."""
    return _line(text, MAX_KEY)


def role(text: str) -> str:
    """Return the name of a role, which decides what a rep may read."""
    if _KEY.error_for(text) is not None:
        raise NameRefused(f"must be 1 to {MAX_KEY} printable characters without spaces")
    return text


def assignable_channel(text: str) -> str:
    """Return a channel to which a rep can be assigned."""
    if not is_channel(text) or dimension_of(text) not in ASSIGNABLE:
        raise NameRefused(f"must be a channel such as territory:NW or warehouse:W1, not {text!a}")
    return text


def device_name(text: str) -> str:
    """Return the name that the office gives a device."""
    return _line(text, MAX_DEVICE_NAME)


def sent_device_name(text: str) -> str:
    """Return the name that a phone gives itself, readable: nobody at the phone could correct a refused one."""
    name = _readable_line(text, MAX_DEVICE_NAME)
    return "device" if is_blank(name) else name


def sent_app_version(text: str | None) -> str | None:
    """Return the version that an app states, readable; None if it states none."""
    return _readable_line(text, MAX_APP_VERSION) if text else None


def account_name(text: str) -> str:
    """Return the name of an office account."""
    return _line(text, MAX_ACCOUNT)


def is_storable(text: str) -> bool:
    """Say whether a database can look for *text*: not with NUL or with half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def broken_names(session: Session) -> Iterator[str]:
    """Yield a sentence, without its full stop, for each stored name that breaks its rule."""
    reps = session.execute(select(Rep.id, Rep.name, Rep.employee_number, Rep.role).order_by(Rep.id))
    rules = (("id", rep_id), ("name", rep_name), ("employee number", employee_number), ("role", role))
    for id, *others in reps:
        for (what, rule), text in zip(rules, (id, *others), strict=True):
            if text is not None and (fault := _fault(rule, text)):
                yield f"rep {id!a}: the {what} {text!a} {fault}"
    channels = select(Assignment.rep, Assignment.channel).where(Assignment.until.is_(None))
    for rep, channel in session.execute(channels.order_by(Assignment.id)):
        if fault := _fault(assignable_channel, channel):
            yield f"rep {rep!a}: the channel {channel!a} {fault}"
    for id, name in session.execute(select(Device.id, Device.name).order_by(Device.id)):
        if fault := _fault(device_name, name):
            yield f"device {id!a}: the name {name!a} {fault}"
    for (name,) in session.execute(select(RoleCollection.role).distinct().order_by(RoleCollection.role)):
        if fault := _fault(role, name):
            yield f"the role {name!a} {fault}"
    for (name,) in session.execute(select(OfficeAccount.name).order_by(OfficeAccount.name)):
        if fault := _fault(account_name, name):
            yield f"the office account {name!a} {fault}"


def _fault(rule: Callable[[str], str], text: str) -> str | None:
    try:
        rule(text)
    except NameRefused as error:
        return str(error)
    return None


def _line(text: str, longest: int) -> str:
    try:
        return readers.line(longest)(text)
    except ValueError as error:
        raise NameRefused(str(error)) from None


def _readable_line(text: str, longest: int) -> str:
    shown = "".join(character if character.isprintable() else " " for character in readable(text, longest))
    return " ".join(shown.split())
