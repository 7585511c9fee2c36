"""Late answers to documents that were handed over as a file or message.

An acknowledgement is put away only after its settlement is committed, so that a power cut between the
two repeats it; settling it again changes nothing.
"""

import logging
from dataclasses import dataclass, field

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.settle import apply_transition
from backend.delivery.transition import from_outcome
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import Acknowledgement, ErpDocument
from backend.failpoints import FailpointRaised, failpoint
from backend.feed.changes import publish
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get
from sync_protocol.change import Put
from sync_protocol.submission import State, may_move

log = logging.getLogger(__name__)

_WAITING = frozenset({State.HANDED_OVER, State.ON_HOLD, State.PARKED})
_UNFINISHED = frozenset({State.QUEUED, State.SENDING, State.UNKNOWN})


@dataclass
class Acknowledger:
    """Settles a connector's acknowledgements; remembers which it has complained about."""

    sessions: Sessions
    connector: Connector
    clock: Clock
    _logged: set[str] = field(default_factory=set)

    def settle_all(self) -> int:
        """Settle what has been acknowledged; return how many submissions moved."""
        try:
            waiting = list(self.connector.acknowledgements())
        except ErpError as error:
            self._log_once("", f"acknowledgements of {self.connector.name} cannot be read: {error.message}")
            return 0
        moved = 0
        for acknowledgement in waiting:
            try:
                moved += self._settle(acknowledgement)
            except ErpError as error:
                self._log_once(
                    acknowledgement.token, f"acknowledgement {acknowledgement.token}: {error.message}"
                )
            except (OperationalError, InterfaceError, FailpointRaised):
                # The database is away, or a test pulls the plug: none can be settled now.
                raise
            except Exception as error:
                # Whatever is wrong with this one, the others behind it are not to wait for ever.
                token = acknowledgement.token
                self._log_once(
                    token, f"acknowledgement {token} cannot be settled, it is left where it is: {error!r}"
                )
        return moved

    def _settle(self, acknowledgement: Acknowledgement) -> bool:
        with self.sessions() as session, session.begin():
            row = get(session, acknowledgement.key, lock=True)
            done, moved = self._match(session, row, acknowledgement)
        if done:
            failpoint("delivery.before_confirm")
            self.connector.confirm(acknowledgement.token)
        return moved

    def _match(
        self, session: Session, row: Submission | None, acknowledgement: Acknowledgement
    ) -> tuple[bool, bool]:
        """Return whether the acknowledgement may be put away, and whether the submission moved."""
        outcome, token = acknowledgement.outcome, acknowledgement.token
        if row is None or row.kind != acknowledgement.kind:
            self._log_once(
                token,
                f"acknowledgement {token} names {acknowledgement.kind} {acknowledgement.key}, "
                "which is not one of ours; it is left where it is",
            )
            return False, False
        state = State(row.state)
        if state is outcome.state:
            return True, False
        if state in _UNFINISHED:
            # Its worker has not settled it yet, or died before; the next round will meet it handed over.
            return False, False
        parked = state is State.PARKED and outcome.state is not State.ACCEPTED
        if state not in _WAITING or parked or not may_move(state, outcome.state):
            self._log_once(
                token,
                f"acknowledgement {token} says {outcome.state.value}, but {row.id} is {row.state}; "
                "it is left where it is, the office must look",
            )
            return False, False
        external_id = outcome.external_id or row.erp_id or row.id
        found = ErpDocument(external_id, outcome.number or row.erp_number, outcome.state.value)
        fate = from_outcome(outcome, row.kind, found, row.last_sent_at)
        apply_transition(session, row, fate, connector=self.connector.name, actor="erp", now=self.clock.now())
        publish(session, [Put("submissions", row.id, as_record(row))])
        return True, True

    def _log_once(self, token: str, message: str) -> None:
        if token not in self._logged:
            self._logged.add(token)
            log.warning("%s", message)
