"""The order to wipe a revoked device, and the device's confirmation that it has obeyed.

The order is in every reply to a revoked device. It is an HMAC over the device's id under a key that is derived
from the installation's refresh secret. The device sends it back after the wipe, when it has no key and no token
any more. So only somebody who got the order can confirm it. Decision 0038 says why the order is not signed.
"""

import datetime as dt
import hmac
import re

from sqlalchemy.orm import Session

from backend.identity import audit, enrolment
from backend.identity.authenticators import is_one_of
from backend.identity.models import Device
from sync_protocol import base64url

_PURPOSE = b"satchel: orders to wipe, 1"
_TEXT = re.compile(r"sw1\.([0-9A-Z]{1,40})\.([A-Za-z0-9_-]{43})")


class WipeOrderInvalid(Exception):
    """This server did not give the order, or gave it too long ago."""


def order(device_id: str, secrets: list[bytes]) -> str:
    """Return the order for *device_id*; *secrets* are those of `KeyRing.secrets`, the current one first."""
    return f"sw1.{device_id}.{_authenticator(secrets[0], device_id)}"


def confirm(session: Session, text: str, secrets: list[bytes], *, exported: int, now: dt.datetime) -> Device:
    """Note that the device to which the order *text* was given has wiped itself; a repetition changes nothing.

    Args:
        exported: The number of documents and receipts that the device wrote to a file before, for the office.

    Raises:
        WipeOrderInvalid: Nobody was given this order.
    """
    match = _TEXT.fullmatch(text)
    expected = [_authenticator(secret, match[1]) for secret in secrets] if match else []
    if match is None or not is_one_of(match[2], expected):
        raise WipeOrderInvalid
    device = session.get(Device, match[1], with_for_update=True, populate_existing=True)
    if device is None:
        raise WipeOrderInvalid
    actor = f"device:{device.id}"
    # A backup from before the revocation may have been restored since; the phone is wiped all the same.
    enrolment.revoke(session, device, actor=actor, now=now)
    if device.wipe_confirmed_at is None:
        device.wipe_confirmed_at, device.wipe_exported = now, exported
        detail = {"exported": exported}
        audit.record(session, actor=actor, action="device.wiped", subject=device.id, now=now, detail=detail)
    return device


def _authenticator(secret: bytes, device_id: str) -> str:
    key = hmac.digest(secret, _PURPOSE, "sha256")
    return base64url.encode(hmac.digest(key, device_id.encode(), "sha256"))
