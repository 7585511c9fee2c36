"""The second factor: codes of a time step (TOTP, RFC 6238: SHA-1, 30 seconds, six digits), and recovery codes.

A code is accepted for its own step, the one before and the one after, and no step is accepted twice. A recovery
code takes the place of a code once.
"""

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from backend.database.core import execute_counted
from backend.identity.models import OfficeAccount
from backend.office.models import RecoveryCode
from backend.office.sealed import seal, unseal

STEP_SECONDS, DIGITS, KEY_BYTES, STEPS_BESIDE = 30, 6, 20, 1
RECOVERY_CODES, RECOVERY_BYTES = 10, 10
_KEY = re.compile(r"[A-Z2-7]{32}")


def new_key() -> str:
    """Return a new key in base32, as authenticator apps take it: 32 characters."""
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def is_key(text: str) -> bool:
    """Say whether *text* is a key as `new_key` makes it."""
    return bool(_KEY.fullmatch(text))


def address_of(key: str, account: str, issuer: str) -> str:
    """Return the address (`otpauth:`) that brings *key* into an authenticator app."""
    return _totp(base64.b32decode(key)).get_provisioning_uri(account, issuer)


def current_code(key: str, now: dt.datetime) -> str:
    """Return the code of *key* at *now*."""
    return _code(base64.b32decode(key), _step(now))


def is_code_of(key: str, code: str, now: dt.datetime) -> bool:
    """Say whether *code* is one of *key* now, without using it up: for a key that is being set up."""
    return is_key(key) and _matching_step(base64.b32decode(key), code, now) is not None


def set_up(session: Session, folder: Path, account: OfficeAccount, key: str) -> list[str]:
    """Make *key* the second factor of *account*; return its recovery codes, which replace earlier ones."""
    account.totp_key, account.totp_step = seal(folder, account.name, base64.b32decode(key)), None
    codes = [_readable(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    session.flush()
    session.execute(delete(RecoveryCode).where(RecoveryCode.account == account.name))
    session.add_all(RecoveryCode(code_hash=_hash(account.name, code), account=account.name) for code in codes)
    return codes


def remove(session: Session, account: OfficeAccount) -> None:
    """Remove the second factor of *account* and its recovery codes."""
    account.totp_key = account.totp_step = None
    session.flush()
    session.execute(delete(RecoveryCode).where(RecoveryCode.account == account.name))


def use(session: Session, folder: Path, account: OfficeAccount, code: str, now: dt.datetime) -> bool:
    """Say whether *code* is right, and use it up: neither a code nor a recovery code is right twice.

    Raises `sealed.SealBroken`.
    """
    if account.totp_key is None:
        return False
    step = _matching_step(unseal(folder, account.name, account.totp_key), code, now)
    if step is None:
        used = delete(RecoveryCode).where(RecoveryCode.code_hash == _hash(account.name, code))
        return execute_counted(session, used) == 1
    # Of two requests with one code only one changes the row.
    unused = or_(OfficeAccount.totp_step.is_(None), OfficeAccount.totp_step < step)
    accepted = update(OfficeAccount).where(OfficeAccount.name == account.name, unused).values(totp_step=step)
    return execute_counted(session, accepted) == 1


def _matching_step(key: bytes, code: str, now: dt.datetime) -> int | None:
    given = "".join(code.split())
    if not (len(given) == DIGITS and given.isascii() and given.isdigit()):
        return None
    return _first(
        step
        for step in range(_step(now) - STEPS_BESIDE, _step(now) + STEPS_BESIDE + 1)
        if hmac.compare_digest(_code(key, step), given)
    )


def _first(steps: Iterable[int]) -> int | None:
    return next(iter(steps), None)


def _step(now: dt.datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code(key: bytes, step: int) -> str:
    return _totp(key).generate(step * STEP_SECONDS).decode()


def _totp(key: bytes) -> TOTP:
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - as RFC 6238 has it  # nosec B303


def _readable(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hash(account: str, code: str) -> str:
    given = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(f"{account}\n{given}".encode("utf-8", "surrogatepass")).hexdigest()
