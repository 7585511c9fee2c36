"""A request for a batch: what a person wants to be done to the documents with one cause, and its check."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.identity.names import is_storable
from backend.office.actions import ACTIONS
from backend.office.errors import ActionRefused
from backend.office.field_changes import FieldChange, is_field
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.office_batches import MOST_CHANGES, MOST_DOCUMENTS

FOR_MANY = tuple(name for name, action in ACTIONS.items() if action.for_many)
"""The actions that a batch may carry out."""
_SCALAR = "must be a text, a number, true, false or null"


@dataclass(frozen=True)
class BatchRequest:
    """What a person wants to be done to the documents with one cause."""

    action: str
    """One of `FOR_MANY`."""
    cause: str
    by: str
    """Who acts, as `ActionRequest.by`."""
    limit: int = MOST_DOCUMENTS
    """Only the first so many documents, the longest-waiting ones: to try it with five."""
    why: str = ""
    force: bool = False
    changes: Sequence[FieldChange] = ()
    """What `fix` changes in each body."""


def check(request: BatchRequest) -> None:
    """Raise `ActionRefused`, with a fault for each field, unless *request* says all that its action needs."""
    faults: list[Fault] = []
    if request.action not in FOR_MANY:
        faults.append(Fault(ErrorCode.FIELD_INVALID, "action", f"must be one of {', '.join(FOR_MANY)}"))
    elif ACTIONS[request.action].needs_reason and not request.why.strip():
        faults.append(Fault(ErrorCode.FIELD_MISSING, "why", "is required, because the rep reads it"))
    faults += [
        Fault(ErrorCode.FIELD_INVALID, name, "has a character that no text may have")
        for name, text in (("cause", request.cause), ("why", request.why))
        if not is_storable(text)
    ]
    if not 1 <= request.limit <= MOST_DOCUMENTS:
        faults.append(Fault(ErrorCode.FIELD_INVALID, "limit", f"must be from 1 to {MOST_DOCUMENTS}"))
    faults += _faults_of_changes(request)
    if faults:
        message = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ActionRefused(ErrorCode.ENVELOPE_INVALID, message, faults)


def _faults_of_changes(request: BatchRequest) -> list[Fault]:
    changes = request.changes
    if request.action != "fix":
        unexpected = Fault(ErrorCode.FIELD_INVALID, "changes", f"{request.action} changes no field")
        return [unexpected] if changes else []
    if not 1 <= len(changes) <= MOST_CHANGES:
        return [Fault(ErrorCode.FIELD_INVALID, "changes", f"must have from 1 to {MOST_CHANGES} changes")]
    faults = []
    for n, change in enumerate(changes):
        if not is_field(change.field):
            message = "must name a field as in `currency` or `lines[].unit`"
            faults.append(Fault(ErrorCode.FIELD_INVALID, f"changes[{n}].field", message))
        faults += [
            Fault(
                ErrorCode.FIELD_INVALID, f"changes[{n}].{name}", "must be a text, a number, true, false or null"
            )
            for name, value in (("old", change.old), ("new", change.new))
            if isinstance(value, list | dict) or (isinstance(value, str) and not is_storable(value))
        ]
    return faults
