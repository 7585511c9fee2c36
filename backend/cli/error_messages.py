"""Errors that an operator can mend, each in one sentence that says what to do."""

from sqlalchemy.exc import OperationalError

from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing
from backend.feed.positions import FeedMissing
from backend.settings import SettingError


def explained(error: Exception) -> str | None:
    """Return the sentence for *error*, or None if it is a mistake of ours, which needs its traceback."""
    if isinstance(error, SettingError | ConnectorMissing | FeedMissing):
        return str(error)
    if isinstance(error, ErpError):
        return f"the ERP: {error.message}; see `satchel doctor`"
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().splitlines()[0]
        return f"the database does not answer: {reason}; see `satchel doctor`"
    return None
