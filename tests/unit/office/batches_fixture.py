"""Parks documents for one cause, and carries out batches on them."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from backend.office.access import OfficeUser
from backend.office.batch_request import BatchRequest
from backend.office.batches import BatchService
from backend.office.errors import ActionRefused
from backend.office.models import BatchDocument
from sync_protocol.errors import ErrorCode
from tests.unit.office.office_fixture import OfficeFixture
from tests.unit.sync.company import customer


class Batches:
    """The office's batches over one inbox."""

    def __init__(self, office: OfficeFixture) -> None:
        self.office, inbox = office, office.inbox
        self.service = BatchService(inbox.sessions, inbox.clock, inbox.settings, lambda: inbox.erp)

    def park(self, count: int) -> tuple[str, list[str]]:
        """Park *count* documents for one cause; return it and their ids, the longest-waiting first."""
        ids = []
        for n in range(count):
            ids.append(self.office.park(customer=f"C{n}"))
            self.office.inbox.clock.advance(minutes=1)
        causes = {self.office.inbox.row(id).cause for id in ids}
        assert len(causes) == 1
        return str(causes.pop()), ids

    def acting(self, user: OfficeUser) -> BatchService:
        """Return the service for *user*."""
        inbox = self.office.inbox
        return BatchService(
            inbox.sessions, inbox.clock, inbox.settings, lambda: inbox.erp, lambda session: user
        )

    def publish_customers(self, *ids: str) -> None:
        for id in ids:
            put = customer(id, "NW")
            self.office.inbox.publish(put.collection, dict(put.record))

    def begin(self, action: str, cause: str, **more: Any) -> str:
        return self.service.begin(BatchRequest(action, cause, "anna", **more))

    def run(self, action: str, cause: str, **more: Any) -> str:
        id = self.begin(action, cause, **more)
        assert self.service.proceed(id, by="anna") == 0
        return id

    def results(self, batch: str) -> list[tuple[str | None, str | None]]:
        with self.office.inbox.sessions() as session:
            rows = session.scalars(
                select(BatchDocument).where(BatchDocument.batch == batch).order_by(BatchDocument.place)
            )
            return [(row.result, row.message) for row in rows]

    def states(self, ids: Sequence[str]) -> list[str]:
        return self.office.inbox.states(*ids)

    def refused(self, code: ErrorCode, action: str, cause: str, **more: Any) -> ActionRefused:
        with pytest.raises(ActionRefused) as raised:
            self.begin(action, cause, **more)
        assert raised.value.code is code
        return raised.value
