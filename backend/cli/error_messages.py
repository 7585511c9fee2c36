"""Errors that an operator can correct, each as one sentence.

Apart from `main`, which loads it only after an error: it imports the database and the ERP port.
"""

from sqlalchemy.exc import OperationalError

from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing
from backend.feed.positions import FeedMissing
from backend.settings import SettingError


def explain(error: Exception) -> str | None:
    """Return the sentence for *error*, or None for a bug, which needs its traceback."""
    if isinstance(error, SettingError | ConnectorMissing | FeedMissing):
        return str(error)
    if isinstance(error, ErpError):
        return f"the ERP: {error.message}; run `satchel doctor`"
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().splitlines()[0]
        return f"the database does not respond: {reason}; run `satchel doctor`"
    return None
