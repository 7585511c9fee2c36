"""What the ERP shows of a document we believe sent: under our key, or the number it was linked to."""

from collections.abc import Sequence

from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from sync_protocol.submission import Decision

CANCELLED = frozenset({"cancelled", "canceled", "cancel", "void"})
"""The ERP's words for a document that somebody there has cancelled."""


def is_cancelled(found: ErpDocument) -> bool:
    """Say whether somebody has cancelled *found* in the ERP."""
    return found.state.lower() in CANCELLED


def active_documents(hits: Sequence[ErpDocument], bound: str | None = None) -> list[ErpDocument]:
    """Return those of *hits* that count: not a cancelled one beside another, which was made in its place.

    Where all are cancelled, the one with the ERP's id *bound* stands for them, or else the first.
    """
    if living := [hit for hit in hits if not is_cancelled(hit)]:
        return living
    return [hit for hit in hits if hit.external_id == bound][:1] or list(hits[:1])


def look_up(
    connector: Connector, kind: str, id: str, decision: str | None, number: str | None
) -> list[ErpDocument]:
    """Return the ERP's documents for the submission *id*, which the office has made *decision* on.

    What the office linked was entered there by hand without our key; it is looked up by its *number*.
    Taken for vanished, it would be sent, and be there twice. Raises `ErpError`.
    """
    found = connector.find(kind, id)
    if not found and decision == Decision.LINKED and number:
        return connector.find_by_number(kind, number)
    return found
