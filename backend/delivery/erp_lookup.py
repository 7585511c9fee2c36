"""ERP lookup: the ERP's documents for a submission, found by our key or by the number it was linked to."""

from collections.abc import Sequence

from backend.erp.call_metrics import measured
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from sync_protocol.submission import Decision

CANCELLED = frozenset({"cancelled", "canceled", "cancel", "void"})
"""States in which the ERP shows a cancelled document."""


def is_cancelled(document: ErpDocument) -> bool:
    """Say whether *document* is cancelled in the ERP."""
    return document.state.lower() in CANCELLED


def active_documents(hits: Sequence[ErpDocument], bound: str | None = None) -> list[ErpDocument]:
    """Return the *hits* that are not cancelled; a cancelled one beside another was replaced by it.

    If all are cancelled, return one: the one with the ERP's id *bound*, else the first.
    """
    if active := [hit for hit in hits if not is_cancelled(hit)]:
        return active
    return [hit for hit in hits if hit.external_id == bound][:1] or list(hits[:1])


def look_up(
    connector: Connector, kind: str, id: str, decision: str | None, number: str | None
) -> list[ErpDocument]:
    """Return the ERP's documents for the submission *id*; *decision* is the office's. Raises `ErpError`.

    A linked document was entered in the ERP by hand without our key, so it is looked up by its *number*. If it
    counted as missing, it would be sent and be in the ERP twice.
    """
    with measured(connector.name, "find"):
        hits = connector.find(kind, id)
    if not hits and decision == Decision.LINKED and number:
        with measured(connector.name, "find_by_number"):
            return connector.find_by_number(kind, number)
    return hits
