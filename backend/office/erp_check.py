"""What the ERP has of a parked document: asked before an action that would be wrong if the ERP has it."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.delivery.connector_profile import build_profile, configured_backoff
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector, ConnectorMissing
from backend.erp.records import ErpDocument
from backend.inbox.models import Binding, Submission
from backend.inbox.submissions import may_be_in_erp
from backend.office.errors import ActionRefused
from backend.settings import Settings
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import TO_ERP, Kind
from sync_protocol.errors import ErrorCode
from sync_protocol.local_time import local_time

log = logging.getLogger(__name__)

Connect = Callable[[], Connector]
"""Returns a new connector; raises `ConnectorMissing`."""


@dataclass(frozen=True)
class ErpCheck:
    """What the ERP answered, and when. It is valid as long as no worker has leased the document since."""

    connector: str
    """Name of the connector that was asked."""
    fence: int
    """The document's fence when the ERP was asked."""
    asked_at: dt.datetime
    quiet: dt.timedelta
    """How long after it was made a call to the ERP may still be executed."""
    by_key: tuple[ErpDocument, ...] = ()
    by_number: tuple[ErpDocument, ...] = ()


def check_by_key(connect: Connect, document: Submission, clock: Clock, settings: Settings) -> ErpCheck | None:
    """Ask the ERP for *document* by our key; return None if it cannot have it. No transaction is needed.

    Raises `ActionRefused` (erp_unavailable) if the ERP cannot be asked.
    """
    return _ask(connect, document, None, clock, settings) if may_have(document) else None


def check_by_number(
    connect: Connect, document: Submission, number: str, clock: Clock, settings: Settings
) -> ErpCheck:
    """Ask the ERP for *document* by our key, and for *number*. No transaction is needed.

    Raises `ActionRefused` (erp_unavailable), and (not_for_this) if *document* can have no number there.
    """
    kind = require_erp_kind(document)
    if kind.aggregated:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"a document of kind {kind.name} has no document of its own in the ERP"
        )
    return _ask(connect, document, number, clock, settings)


def _ask(
    connect: Connect, document: Submission, number: str | None, clock: Clock, settings: Settings
) -> ErpCheck:
    try:
        with closing(connect()) as connector:
            with measured(connector.name, "capabilities"):
                capabilities = connector.capabilities()
            profile = build_profile(capabilities, settings, configured_backoff(settings))
            asked_at = clock.now()
            with measured(connector.name, "find"):
                by_key = tuple(connector.find(document.kind, document.id))
            by_number: tuple[ErpDocument, ...] = ()
            if number is not None:
                with measured(connector.name, "find_by_number"):
                    by_number = tuple(connector.find_by_number(document.kind, number))
    except (ErpError, ConnectorMissing) as error:
        raise ActionRefused(ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error}") from None
    except Exception as error:
        log.exception("document %s: the ERP could not be asked", document.id)
        raise ActionRefused(
            ErrorCode.ERP_UNAVAILABLE, f"the ERP's answer was not understood: {error!r}"
        ) from None
    return ErpCheck(connector.name, document.fence, asked_at, profile.quiet, by_key, by_number)


def may_have(row: Submission) -> bool:
    """Whether the ERP may have a document for *row*, so that it must be asked before the row is given up.

    A forecast has no document of its own: its line in the ERP is a sum, which the next revision sets again.
    Withdrawals and change requests are never sent.
    """
    kind = KINDS.get(row.kind)
    return (kind is None or kind.has_own_document) and may_be_in_erp(row)


def require_absent(session: Session, row: Submission, check: ErpCheck | None, *, overrule: bool) -> bool:
    """Return whether the ERP was asked for *row*; raises `ActionRefused` if it has it or may yet get it.

    *overrule*: a person insists that an ERP document of another document of ours is not this one.
    """
    erp_was_asked = may_have(row)
    if erp_was_asked:
        check = require_current(row, check)
        own, foreign = own_and_foreign(session, row, check)
        if foreign and not own and not overrule:
            raise ActionRefused(
                ErrorCode.MAY_BE_IN_ERP,
                f"the ERP answers for this document with {_numbers(foreign)}, the number of another document; "
                "use force with the reason if the ERP has no document of its own for it",
            )
        if own:
            numbers = _numbers(own)
            raise ActionRefused(
                ErrorCode.MAY_BE_IN_ERP,
                f"the ERP has document {row.id} as {numbers}: link it to that number, or remove it there first",
            )
        require_settled(row, check)
    return erp_was_asked


def own_and_foreign(
    session: Session, row: Submission, check: ErpCheck
) -> tuple[list[ErpDocument], list[ErpDocument]]:
    """Return what the ERP has under the key of *row*: documents that may be its own, and those of others.

    An ERP may answer for two of our documents with one number. It belongs to the one that is bound to it.
    """
    bound = bound_elsewhere(session, row, check.connector, check.by_key)
    own = [document for document in check.by_key if document.external_id not in bound]
    return own, [document for document in check.by_key if document.external_id in bound]


def bound_elsewhere(
    session: Session, row: Submission, connector: str, documents: Iterable[ErpDocument]
) -> set[str]:
    """Return the ERP's ids of those *documents* that are bound to other documents of ours than *row*."""
    return set(
        session.scalars(
            select(Binding.external_id).where(
                Binding.connector == connector,
                Binding.entity == row.kind,
                Binding.local_id != row.id,
                Binding.external_id.in_([document.external_id for document in documents]),
            )
        )
    )


def _numbers(documents: Iterable[ErpDocument]) -> str:
    return ", ".join(document.number or document.external_id for document in documents)


def require_current(row: Submission, check: ErpCheck | None) -> ErpCheck:
    """Return *check* if it is of *row* as it is now; raises `ActionRefused` if the row has changed since."""
    if check is None or check.fence != row.fence:
        raise ActionRefused(
            ErrorCode.NOT_PARKED, f"document {row.id} has changed while the ERP was asked; look at it again"
        )
    return check


def require_settled(row: Submission, check: ErpCheck) -> None:
    """Raise `ActionRefused` if a call made for *row* may still have been executed after the ERP was asked."""
    if row.last_sent_at is not None and check.asked_at < row.last_sent_at + check.quiet:
        until = row.last_sent_at + check.quiet
        raise ActionRefused(
            ErrorCode.MAY_BE_IN_ERP,
            f"the ERP may still execute a call made for document {row.id} until "
            f"{local_time(until, timespec='seconds')}; try again then",
        )


def require_erp_kind(row: Submission) -> Kind:
    """Return the kind of *row*; raises `ActionRefused` (not_for_this) if it is none that is sent to the ERP."""
    kind = KINDS.get(row.kind)
    if kind is None:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS,
            f"this server does not know the kind {row.kind}; upgrade the server, or cancel the document",
        )
    if kind.destination != TO_ERP:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS,
            f"a document of kind {kind.name} is not sent to the ERP; mark it done, or return it to the rep",
        )
    return kind
