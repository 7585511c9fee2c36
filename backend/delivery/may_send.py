"""May send: whether anything may be leased at all, asked in one statement before each lease.

Separate from `acquire`, which knows neither breaker nor hold.
"""

import datetime as dt
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of
from backend.database.core import UtcDateTime
from backend.delivery import breaker, sending_hold
from backend.delivery.queue.acquire import SENDING
from backend.inbox.models import Submission


class MaySend(NamedTuple):
    """What decides whether anything may be leased, and whether leases have ended."""

    breaker_is_open: bool
    no_hold: bool
    leases_have_ended: bool


def look(session: Session, connector: str, now: dt.datetime) -> MaySend:
    """Return what stands in the way of sending through *connector*; nothing is changed."""
    row = (
        session.connection().execute(_statement(dialect_of(session)), {"through": connector, "now": now}).one()
    )
    return MaySend(*map(bool, row))


@cache
def _statement(dialect: str) -> Any:
    ended = exists().where(SENDING, Submission.lease_until <= bindparam("now", type_=UtcDateTime))
    return select(breaker.opened(), sending_hold.no_hold(dialect), ended)
