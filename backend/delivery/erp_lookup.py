"""ERP lookup: the ERP's documents for a submission, found by our key or by the number it was linked to."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.erp.call_metrics import measured
from backend.erp.port import Connector
from backend.erp.records import ErpDocument, Outcome
from sync_protocol.submission import Decision, State

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


def numbers_of(hits: Sequence[ErpDocument]) -> str:
    """Return the ERP's numbers of *hits*, or their ids, for people."""
    return ", ".join(hit.number or hit.external_id for hit in hits)


def look_up(
    connector: Connector, kind: str, id: str, decision: str | None, number: str | None, bound: str | None
) -> list[ErpDocument]:
    """Return the ERP's documents for the submission *id*; *decision* is the office's. Raises `ErpError`.

    A linked document was entered in the ERP by hand without our key, so it is looked up by its *number*. If it
    counted as missing, it would be sent and be in the ERP twice. Of several under that number, it is the one
    with the ERP's id *bound*.
    """
    with measured(connector.name, "find"):
        hits = connector.find(kind, id)
    if not hits and decision == Decision.LINKED and number:
        with measured(connector.name, "find_by_number"):
            numbered = connector.find_by_number(kind, number)
        return [hit for hit in numbered if hit.external_id == bound] or numbered
    return hits


@dataclass(frozen=True)
class ErpAnswer:
    """What the ERP knows of one document."""

    hits: Sequence[ErpDocument]
    """Its documents under our key."""
    outcome: Outcome | None = None
    """Its last answer to a document that was handed over, also one that was settled before."""

    @property
    def is_empty(self) -> bool:
        """Whether the ERP does not have it and has not refused it."""
        return not self.hits and (self.outcome is None or self.outcome.state is not State.REJECTED)


def ask_erp(
    connector: Connector,
    kind: str,
    id: str,
    *,
    decision: str | None = None,
    number: str | None = None,
    bound: str | None = None,
    state: str | None = None,
) -> ErpAnswer:
    """Return what the ERP knows of the submission *id* in *state*; else as `look_up`.

    The answer to a document that was handed over may be settled and archived by the ERP's side although our
    database, which is older, waits for it. So it is asked for too where it can tell more than the lookup.
    """
    hits = look_up(connector, kind, id, decision, number, bound)
    if hits and state != State.HANDED_OVER:
        return ErpAnswer(hits)
    with measured(connector.name, "answer"):
        return ErpAnswer(hits, connector.answer(kind, id))
