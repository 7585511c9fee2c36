"""The result of a document that is stored, also if it is pushed again.

Separate from `push`, which decides how a document is stored: this only reads what is stored.
"""

from backend.inbox.models import Submission
from backend.inbox.new_submission import NewSubmission
from sync_protocol.errors import Fault, FaultJson
from sync_protocol.push import ResultJson, Status, result
from sync_protocol.submission import State


def stored_result(stored: Submission | NewSubmission, status: Status) -> ResultJson:
    """Return the result (`sync_protocol.push.result`) of *stored*, with its errors and warnings."""
    if not (stored.errors or stored.warnings):
        return result(stored.id, status, State(stored.state), stored.sha256, [])
    errors, warnings = _faults(stored.errors), _faults(stored.warnings)
    return result(stored.id, status, State(stored.state), stored.sha256, errors, warnings)


def _faults(stored: list[FaultJson]) -> list[Fault]:
    return [Fault.from_wire(fault) for fault in stored]
