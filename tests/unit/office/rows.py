"""Documents for tests of what the office sees, as rows."""

import datetime as dt
from typing import Any

from backend.inbox.models import Submission
from sync_protocol.submission import State
from tests.conftest import MONDAY


def stored(id: str, *, kind: str = "order", rep: str = "R1", body: str = "{}", **values: Any) -> Submission:
    """Return the document *id* of *rep*; *values* replace columns."""
    at: dt.datetime = values.pop("at", MONDAY)
    columns = {
        "id": id, "kind": kind, "rep": rep, "device": "D1", "title": f"{kind} {id[-2:]}",
        "captured_at": "2026-11-23T08:00:00Z", "zone": "UTC", "schema": 1, "body": body, "envelope": {},
        "sha256": "0" * 64, "needs": [], "depends_on": [], "received_at": at, "updated_at": at,
        "state": State.QUEUED.value, "status": "received", "errors": [], "order_key": "none", "due_at": at,
    }  # fmt: skip
    return Submission(**{**columns, **values})
