"""Parks documents, and lets the office act on them."""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backend.identity import audit
from backend.office.errors import ActionRefused
from backend.office.queries import ParkedDocument
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.sync.company import customer, product, unit


def side_by_side(*functions: Callable[[], None]) -> None:
    """Run each of *functions* in a thread of its own, all at once."""
    threads = [threading.Thread(target=run) for run in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass
class OfficeFixture:
    """An inbox with an office beside it."""

    inbox: InboxFixture

    @property
    def service(self) -> OfficeService:
        return OfficeService(self.inbox.sessions, self.inbox.clock, self.inbox.settings, lambda: self.inbox.erp)

    def park(self, mode: str = "refuse_office", step: str = "create", **options: Any) -> str:
        """Capture a document that the ERP refuses, and forward it; return its id."""
        self.inbox.erp.script(step, mode, "ok")
        id = self.inbox.capture(**options)
        self.inbox.forwarder().drain()
        assert self.inbox.row(id).state == "parked"
        return id

    def act(
        self, action: str, id: str, by: str = "anna", why: str = "", *, force: bool = False, **arguments: Any
    ) -> ParkedDocument:
        """Carry out *action* on the document *id*."""
        return self.service.perform(action, id, by=by, why=why, force=force, **arguments)

    def refused(
        self, code: ErrorCode, action: str, id: str, by: str = "anna", why: str = "", **arguments: Any
    ) -> ActionRefused:
        """Try *action*, which must be refused with *code* and change nothing; return the refusal."""
        before = self._state(id)
        with pytest.raises(ActionRefused) as raised:
            self.act(action, id, by, why, **arguments)
        assert raised.value.code is code, raised.value.message
        assert self._state(id) == before
        return raised.value

    def _state(self, id: str) -> list[Any]:
        row = vars(self.inbox.row(id)).copy()
        del row["_sa_instance_state"]
        return [row, self.trail()]

    def trail(self, id: str | None = None) -> list[tuple[str, str, dict[str, Any], dt.datetime]]:
        """(actor, action, detail, at) of the audit trail's entries, oldest first."""
        with self.inbox.sessions() as session:
            entries = audit.entries(session, subject=id)
        return [(entry.actor, entry.action, entry.detail, entry.at) for entry in reversed(entries)]

    def publish_master_data(self) -> None:
        """Put the records that an order cites into the feed."""
        for put in (unit("pc"), product("P1", units=("pc",)), customer("C1", "NW")):
            self.inbox.publish(put.collection, dict(put.record))
