"""What the ERP shows of a document we believe sent: under our key, or the number it was linked to."""

from backend.erp.port import Connector
from backend.erp.records import Found
from sync_protocol.submission import Decision


def shown(connector: Connector, kind: str, id: str, decision: str | None, number: str | None) -> list[Found]:
    """Return the ERP's documents for the submission *id*, which the office has made *decision* on.

    What the office linked was entered there by hand without our key; it is looked up by its *number*.
    Taken for vanished, it would be sent, and be there twice. Raises `ErpError`.
    """
    found = connector.find(kind, id)
    if not found and decision == Decision.LINKED and number:
        return connector.numbered(kind, number)
    return found
