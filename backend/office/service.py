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
from backend.delivery.connector_profile import backoff_of, terms_of
from backend.erp.errors import ErpError
from backend.erp.port import Connector, ConnectorMissing
from backend.inbox.models import Submission
from backend.office import actions, correction, reservation
from backend.office.action import Deed, DeedRefused, known
from backend.office.erp_check import Sight, look, needs_asking
from backend.office.queries import Parked, as_parked
from backend.settings import Settings
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State

Act = Callable[[Session, Deed], Submission]


class Office:
    """Does what a person of the office asks. Where a method raises `DeedRefused`, nothing was changed."""

    def __init__(
        self, sessions: Sessions, clock: Clock, settings: Settings, connect: Callable[[], Connector]
    ) -> None:
        """*connect* is called only where the ERP must be asked."""
        self.sessions, self.clock, self.settings, self.connect = sessions, clock, settings, connect

    def claim(self, id: str, by: str, *, force: bool = False) -> Parked:
        """Take a document for `parked_claim_seconds`."""
        lasts = dt.timedelta(seconds=self.settings.parked_claim_seconds)
        return self._do(by, "", force, lambda s, deed: reservation.claim(s, id, deed, lasts=lasts))

    def release(self, id: str, by: str, *, force: bool = False) -> Parked:
        """Let go of a document."""
        return self._do(by, "", force, lambda s, deed: reservation.release(s, id, deed))

    def retry(self, id: str, by: str, why: str = "", *, force: bool = False) -> Parked:
        """Send a document again as it is."""
        return self._do(by, why, force, lambda s, deed: actions.retry(s, id, deed))

    def fix(self, id: str, by: str, body: Mapping[str, Any], why: str = "", *, force: bool = False) -> Parked:
        """Put a corrected body in a document's place; return the new document."""
        sight = self._sight(id)
        return self._do(by, why, force, lambda s, deed: correction.fix(s, id, body, deed, sight))

    def link(self, id: str, by: str, number: str, why: str = "", *, force: bool = False) -> Parked:
        """Say that the ERP's document *number* is this one."""
        with self._connected() as connector:
            sight, name = self._looked(connector, id, number), connector.name
        return self._do(
            by, why, force, lambda s, deed: actions.link(s, id, number, deed, sight, connector=name)
        )

    def cancel(self, id: str, by: str, why: str, *, force: bool = False) -> Parked:
        """Cancel a document."""
        sight = self._sight(id)
        return self._do(by, _needed(why), force, lambda s, deed: actions.cancel(s, id, deed, sight))

    def give_back(self, id: str, by: str, why: str, *, force: bool = False) -> Parked:
        """Send a document back to its rep."""
        sight = self._sight(id)
        return self._do(by, _needed(why), force, lambda s, deed: actions.give_back(s, id, deed, sight))

    def done(self, id: str, by: str, why: str = "", *, force: bool = False) -> Parked:
        """Note that what a request asks for was done in the ERP."""
        return self._do(by, why, force, lambda s, deed: actions.done(s, id, deed))

    def _do(self, by: str, why: str, force: bool, act: Act) -> Parked:
        deed = Deed(by, self.clock.now(), why.strip(), force)
        with self.sessions() as session, session.begin():
            return as_parked(act(session, deed), deed.now)

    def _sight(self, id: str) -> Sight | None:
        """Return what the ERP shows of the document, None where it need not be asked."""
        with self.sessions() as session, session.begin():
            row = known(session, id)
            if row.state != State.PARKED or not needs_asking(row):
                return None
        with self._connected() as connector:
            return self._looked(connector, id)

    @contextmanager
    def _connected(self) -> Iterator[Connector]:
        try:
            connector = self.connect()
        except ConnectorMissing as error:
            raise DeedRefused(ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error}") from None
        try:
            yield connector
        finally:
            connector.close()

    def _looked(self, connector: Connector, id: str, number: str | None = None) -> Sight | None:
        with self.sessions() as session, session.begin():
            row = known(session, id)
            session.expunge(row)
        if row.state != State.PARKED:
            return None
        if number is not None:
            actions.one_of_the_erp(row)
        try:
            terms = terms_of(connector.capabilities(), self.settings, backoff_of(self.settings))
        except ErpError as error:
            raise DeedRefused(
                ErrorCode.ERP_UNAVAILABLE, f"the ERP must be asked first: {error.message}"
            ) from None
        return look(connector, row, now=self.clock.now(), quiet=terms.quiet, number=number)


def _needed(why: str) -> str:
    if not why.strip():
        raise DeedRefused(ErrorCode.NOT_FOR_THIS, "give the reason: the rep will read it")
    return why
