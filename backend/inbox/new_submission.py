"""A submission that is not stored yet.

Apart from `models.py`, because it is no table: a push makes it, and `new_submissions` inserts it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sync_protocol.errors import FaultJson


@dataclass(slots=True)
class NewSubmission:
    """A submission that is not stored yet: what the device sent, and its first state.

    Making an ORM object costs more than storing the row, and a push makes fifty. So this class has the names of
    `Submission`, and is inserted in bulk. Everything later happens to the row.
    """

    id: str
    kind: str
    rep: str
    device: str
    captured_at: str
    zone: str
    schema: int
    body: str
    """Canonical JSON."""
    envelope: str
    """JSON."""
    sha256: str
    needs: list[str]
    depends_on: list[str]
    supersedes: str | None
    superseded_by: str | None
    received_at: dt.datetime
    state: str
    status: str
    errors: list[FaultJson]
    warnings: list[FaultJson]
    reason: str | None
    owner: str | None
    order_key: str
    title: str
    reason_template: dict[str, Any] | None = None

    @property
    def updated_at(self) -> dt.datetime:
        """When the state last changed: on arrival."""
        return self.received_at

    @property
    def erp_number(self) -> None:
        """None: it was not sent to the ERP yet."""
        return None

    @property
    def decision(self) -> None:
        """None: the office has not seen it yet."""
        return None
