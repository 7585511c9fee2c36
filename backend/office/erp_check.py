"""What the ERP shows of a parked document: asked before a deed that would be wrong if the ERP has it."""

import datetime as dt
import logging
from dataclasses import dataclass

from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from backend.inbox.models import Submission
from backend.inbox.submissions import may_be_in_erp
from backend.office.action import ActionRefused
from sync_protocol.catalogue import KINDS
from sync_protocol.errors import ErrorCode

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErpCheck:
    """What the ERP answered, and when. It counts while nobody has claimed the document since."""

    fence: int
    """The document's fence when the ERP was asked."""
    asked_at: dt.datetime
    quiet: dt.timedelta
    """How long a call may still be executed after it was made."""
    by_key: tuple[ErpDocument, ...] = ()
    by_number: tuple[ErpDocument, ...] = ()


def check_erp(
    connector: Connector,
    row: Submission,
    *,
    now: dt.datetime,
    quiet: dt.timedelta,
    number: str | None = None,
) -> ErpCheck:
    """Ask the ERP for the document *row* by our key, and for *number* if given. No transaction is needed.

    Raises `DeedRefused` (erp_unavailable) if the ERP cannot be asked.
    """
    try:
        by_key = tuple(connector.find(row.kind, row.id))
        by_number = tuple(connector.find_by_number(row.kind, number)) if number else ()
    except ErpError as error:
        raise ActionRefused(
            ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error.message}"
        ) from None
    except Exception as error:
        log.exception("%s: the ERP could not be asked", row.id)
        raise ActionRefused(
            ErrorCode.ERP_UNAVAILABLE, f"the ERP's answer was not understood: {error!r}"
        ) from None
    return ErpCheck(row.fence, now, quiet, by_key, by_number)


def must_check(row: Submission) -> bool:
    """Whether the ERP may have *row*, so that it must be asked before the document is given up.

    A forecast has no document of its own: its line is a sum, which is set again with the next revision.
    """
    kind = KINDS.get(row.kind)
    aggregated = kind is not None and kind.aggregated
    return not aggregated and may_be_in_erp(row)


def require_absent(row: Submission, sight: ErpCheck | None) -> None:
    """Note on *row* that the ERP does not have it; raises `DeedRefused` if it has it or may yet get it."""
    if must_check(row):
        seen = require_current(row, sight)
        if seen.by_key:
            numbers = ", ".join(found.number or found.external_id for found in seen.by_key)
            raise ActionRefused(
                ErrorCode.MAY_BE_IN_ERP,
                f"the ERP has document {row.id} as {numbers}: link it to that, or remove it there first",
            )
        require_settled(row, seen)
        row.last_sent_at = row.erp_id = row.erp_number = None


def require_current(row: Submission, sight: ErpCheck | None) -> ErpCheck:
    """Return *sight* if it is of *row* as it stands now; raises `DeedRefused` if it has moved since."""
    if sight is None or sight.fence != row.fence:
        raise ActionRefused(
            ErrorCode.NOT_PARKED, f"document {row.id} has moved while the ERP was asked; look at it again"
        )
    return sight


def require_settled(row: Submission, sight: ErpCheck) -> None:
    """Raise `DeedRefused` if a call made for *row* may still be executed after the ERP was asked."""
    if row.last_sent_at is not None and sight.asked_at < row.last_sent_at + sight.quiet:
        until = row.last_sent_at + sight.quiet
        raise ActionRefused(
            ErrorCode.MAY_BE_IN_ERP,
            f"a call made for document {row.id} may still be executed until {until:%Y-%m-%d %H:%M:%S} UTC; "
            "try again then",
        )
