"""Parks documents, and lets the office act on them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from backend.delivery.office.deed import DeedRefused
from backend.delivery.office.office import Office
from backend.identity import audit
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import InboxFixture


@dataclass
class OfficeFixture:
    """A inbox with an office beside it. `do` names the deed as `Office` does."""

    inbox: InboxFixture

    @property
    def office(self) -> Office:
        return Office(self.inbox.sessions, self.inbox.clock, self.inbox.settings, lambda: self.inbox.erp)

    def park(self, mode: str = "refuse_office", step: str = "create", **more: Any) -> str:
        """Capture a document that the ERP refuses, and forward it; return its id."""
        self.inbox.erp.script(step, mode, "ok")
        id = self.inbox.capture(**more)
        self.inbox.forwarder().drain()
        assert self.inbox.row(id).state == "parked"
        return id

    def refused(self, code: ErrorCode, deed: str, *words: Any, **more: Any) -> DeedRefused:
        """Do *deed*, which must be refused with *code* and change nothing; return the refusal."""
        before = [vars(self.inbox.row(words[0])).copy(), self.trail()]
        with pytest.raises(DeedRefused) as raised:
            getattr(self.office, deed)(*words, **more)
        assert raised.value.code is code, raised.value.message
        after = [vars(self.inbox.row(words[0])).copy(), self.trail()]
        for state in (before[0], after[0]):
            state.pop("_sa_instance_state")
        assert after == before
        return raised.value

    def trail(self, id: str | None = None) -> list[tuple[str, str, dict[str, Any], dt.datetime]]:
        """(actor, action, detail, at) of the audit trail's entries, oldest first."""
        with self.inbox.sessions() as session:
            found = audit.entries(session, subject=id)
        return [(entry.actor, entry.action, entry.detail, entry.at) for entry in reversed(found)]
