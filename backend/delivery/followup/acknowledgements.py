"""Acknowledgements: late answers of the ERP to documents that were handed over as a file or message.

An acknowledgement is confirmed only after its settlement is committed. A power cut between the two repeats it,
and settling it again changes nothing.
"""

import json
import logging
from dataclasses import dataclass, field

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.erp_response import from_outcome
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import Acknowledgement, ErpDocument
from backend.failpoints import FailpointRaised, failpoint
from backend.inbox.models import Submission
from backend.inbox.settle import settle
from backend.inbox.submissions import get
from backend.logs import LogOnce
from sync_protocol.submission import State, may_move

log = logging.getLogger(__name__)

_WAITING = frozenset({State.HANDED_OVER, State.ON_HOLD, State.PARKED})
_UNFINISHED = frozenset({State.RECEIVED, State.QUEUED, State.SENDING, State.UNKNOWN})


@dataclass
class Acknowledger:
    """Settles a connector's acknowledgements; logs each problem once."""

    sessions: Sessions
    connector: Connector
    clock: Clock
    _warnings: LogOnce = field(default_factory=lambda: LogOnce(log))

    def settle_all(self) -> int:
        """Settle all acknowledgements; return how many submissions changed their state."""
        acknowledgements: list[Acknowledgement] = []
        complete = False
        try:
            with measured(self.connector.name, "acknowledgements"):
                for acknowledgement in self.connector.acknowledgements():
                    acknowledgements.append(acknowledgement)
            complete = True
        except ErpError as error:
            self._warnings.warn(
                "", f"acknowledgements of {self.connector.name} cannot be read: {error.message}"
            )
        except Exception as error:
            # A fault of the connector must not stop the rest of the maintenance, nor what was read before it.
            message = f"acknowledgements of {self.connector.name} cannot be read: {error!r}"
            self._warnings.warn("", message, trace=True)
        moved = 0
        for acknowledgement in acknowledgements:
            try:
                moved += self._settle(acknowledgement)
            except ErpError as error:
                self._warnings.warn(
                    acknowledgement.token, f"acknowledgement {acknowledgement.token}: {error.message}"
                )
            except (OperationalError, InterfaceError, FailpointRaised):
                # The database is down, or a test stops the program here: none can be settled now.
                raise
            except Exception as error:
                # Whatever is wrong with this one, the others must not wait for it.
                token = acknowledgement.token
                self._warnings.warn(
                    token, f"acknowledgement {token} cannot be settled, it is left where it is: {error!r}"
                )
        if complete:
            # Those that are gone are forgotten; so is an outage that is over, and the next one is logged again.
            self._warnings.forget_all_but({acknowledgement.token for acknowledgement in acknowledgements})
        return moved

    def _settle(self, acknowledgement: Acknowledgement) -> bool:
        with self.sessions() as session, session.begin():
            row = get(session, acknowledgement.key, lock=True)
            confirm, moved = self._match(session, row, acknowledgement)
        if confirm:
            failpoint("delivery.before_confirm")
            with measured(self.connector.name, "confirm"):
                self.connector.confirm(acknowledgement.token)
        return moved

    def _match(
        self, session: Session, row: Submission | None, acknowledgement: Acknowledgement
    ) -> tuple[bool, bool]:
        """Settle *row*; return whether to confirm the acknowledgement, and whether *row* changed its state."""
        outcome, token = acknowledgement.outcome, acknowledgement.token
        if row is None or row.kind != acknowledgement.kind:
            self._warnings.warn(
                token,
                f"acknowledgement {token} names {acknowledgement.kind} {acknowledgement.key}, "
                "which is not one of ours; it is left where it is",
            )
            return False, False
        state = State(row.state)
        if state is outcome.state:
            return True, False
        if state in _UNFINISHED:
            # It is being sent or checked, or its worker has died: it will be settled in a later round.
            return False, False
        parked = state is State.PARKED and outcome.state is not State.ACCEPTED
        if state not in _WAITING or parked or not may_move(state, outcome.state):
            self._warnings.warn(
                token,
                f"acknowledgement {token} says {outcome.state.value}, but {row.id} is {row.state}; "
                "it stays where it is, and the office must check it",
            )
            return False, False
        external_id = outcome.external_id or row.erp_id or row.id
        document = ErpDocument(external_id, outcome.number or row.erp_number, outcome.state.value)
        transition = from_outcome(outcome, row.kind, json.loads(row.body), document, row.last_sent_at)
        settle(session, row, transition, connector=self.connector.name, actor="erp", now=self.clock.now())
        return True, True
