"""The office at work: each deed in a transaction of its own, and the ERP asked before it, outside of any.

CLI and API are two doors to this one.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.connector_profile import build_profile, configured_backoff
from backend.erp.errors import ErpError
from backend.erp.port import Connector, ConnectorMissing
from backend.inbox.models import Submission
from backend.office import actions, correction, reservation
from backend.office.action import Action, ActionRefused, get_document
from backend.office.erp_check import ErpCheck, check_erp, must_check
from backend.office.queries import ParkedDocument, to_view
from backend.settings import Settings
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State

PerformAction = Callable[[Session, Action], Submission]


class OfficeService:
    """Does what a person of the office asks. Where a method raises `DeedRefused`, nothing was changed."""

    def __init__(
        self, sessions: Sessions, clock: Clock, settings: Settings, connect: Callable[[], Connector]
    ) -> None:
        """*connect* is called only where the ERP must be asked."""
        self.sessions, self.clock, self.settings, self.connect = sessions, clock, settings, connect

    def reserve(self, id: str, by: str, *, force: bool = False) -> ParkedDocument:
        """Take a document for `parked_reservation_seconds`."""
        lasts = dt.timedelta(seconds=self.settings.parked_reservation_seconds)
        return self._run(by, "", force, lambda s, deed: reservation.reserve(s, id, deed, lasts=lasts))

    def release(self, id: str, by: str, *, force: bool = False) -> ParkedDocument:
        """Let go of a document."""
        return self._run(by, "", force, lambda s, deed: reservation.release(s, id, deed))

    def retry(self, id: str, by: str, why: str = "", *, force: bool = False) -> ParkedDocument:
        """Send a document again as it is."""
        return self._run(by, why, force, lambda s, deed: actions.retry(s, id, deed))

    def fix(
        self, id: str, by: str, body: Mapping[str, Any], why: str = "", *, force: bool = False
    ) -> ParkedDocument:
        """Put a corrected body in a document's place; return the new document."""
        sight = self._erp_check(id)
        return self._run(by, why, force, lambda s, deed: correction.fix(s, id, body, deed, sight))

    def link(self, id: str, by: str, number: str, why: str = "", *, force: bool = False) -> ParkedDocument:
        """Say that the ERP's document *number* is this one."""
        with self._connected() as connector:
            sight, name = self._check_connector(connector, id, number), connector.name
        return self._run(
            by, why, force, lambda s, deed: actions.link(s, id, number, deed, sight, connector=name)
        )

    def cancel(self, id: str, by: str, why: str, *, force: bool = False) -> ParkedDocument:
        """Cancel a document."""
        sight = self._erp_check(id)
        return self._run(by, _needed(why), force, lambda s, deed: actions.cancel(s, id, deed, sight))

    def return_to_rep(self, id: str, by: str, why: str, *, force: bool = False) -> ParkedDocument:
        """Send a document back to its rep."""
        sight = self._erp_check(id)
        return self._run(by, _needed(why), force, lambda s, deed: actions.return_to_rep(s, id, deed, sight))

    def done(self, id: str, by: str, why: str = "", *, force: bool = False) -> ParkedDocument:
        """Note that what a request asks for was done in the ERP."""
        return self._run(by, why, force, lambda s, deed: actions.done(s, id, deed))

    def _run(self, by: str, why: str, force: bool, act: PerformAction) -> ParkedDocument:
        deed = Action(by, self.clock.now(), why.strip(), force)
        with self.sessions() as session, session.begin():
            return to_view(act(session, deed), deed.now)

    def _erp_check(self, id: str) -> ErpCheck | None:
        """Return what the ERP shows of the document, None where it need not be asked."""
        with self.sessions() as session, session.begin():
            row = get_document(session, id)
            if row.state != State.PARKED or not must_check(row):
                return None
        with self._connected() as connector:
            return self._check_connector(connector, id)

    @contextmanager
    def _connected(self) -> Iterator[Connector]:
        try:
            connector = self.connect()
        except ConnectorMissing as error:
            raise ActionRefused(ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error}") from None
        try:
            yield connector
        finally:
            connector.close()

    def _check_connector(self, connector: Connector, id: str, number: str | None = None) -> ErpCheck | None:
        with self.sessions() as session, session.begin():
            row = get_document(session, id)
            session.expunge(row)
        if row.state != State.PARKED:
            return None
        if number is not None:
            actions.require_own_document(row)
        try:
            terms = build_profile(connector.capabilities(), self.settings, configured_backoff(self.settings))
        except ErpError as error:
            raise ActionRefused(
                ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error.message}"
            ) from None
        return check_erp(connector, row, now=self.clock.now(), quiet=terms.quiet, number=number)


def _needed(why: str) -> str:
    if not why.strip():
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, "give the reason: the rep will read it")
    return why
