"""Errors that an operator can correct, each as one sentence that says what is wrong and what to do.

Apart from `main`, which loads it only after an error: it imports the database and the ERP port.
"""

import errno

from backend.database import failures
from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing
from backend.feed.positions import FeedMissing
from backend.files import DISK_FULL
from backend.identity.keys import KeyDamaged
from backend.settings import SettingError
from backend.sync.segments.store import StoreFailed

_NO_ACCESS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
FREE_SPACE = "free disk space, and run the command again"


def explain(error: Exception) -> str | None:
    """Return the sentence for *error*, or None for a bug, which needs its traceback."""
    if isinstance(error, SettingError | ConnectorMissing | FeedMissing | KeyDamaged):
        return str(error)
    if isinstance(error, ErpError):
        return f"the ERP: {error.message}; run `satchel doctor`"
    if isinstance(error, StoreFailed):
        return f"the segment store failed: {error}; run `satchel doctor`"
    if failures.is_unusable(error):
        if failures.has_other_schema(error):
            return f"the database does not fit this program: {failures.reason(error)}"
        if failures.is_full(error):
            return f"the database cannot be used: {failures.reason(error)}; {FREE_SPACE}"
        return (
            f"the database cannot be used: {failures.reason(error)};"
            " check that it runs and SATCHEL_DATABASE_URL, then run `satchel doctor`"
        )
    if isinstance(error, OSError) and error.errno is not None:
        return _explain_file(error)
    return None


def _explain_file(error: OSError) -> str:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if error.errno in _NO_ACCESS:
        return f"{what}; make it accessible to this user, or name another folder"
    if error.errno in DISK_FULL:
        return f"{what}; {FREE_SPACE}"
    return what
