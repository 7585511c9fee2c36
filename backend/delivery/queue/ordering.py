"""The order of sending: one after another within an order key, in parallel across keys."""

import datetime as dt
import functools
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    bindparam,
    exists,
    false,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from backend.database.core import UtcDateTime
from backend.delivery.queue.concurrency import below_limit
from backend.delivery.queue.dependencies import blocking_dependency
from backend.inbox.models import Submission
from sync_protocol.submission import State

# Literals: with a parameter the planner cannot tell that the partial index on active rows fits.
_QUEUED, _SENDING, _UNKNOWN = (
    literal_column(f"'{state.value}'", String) for state in (State.QUEUED, State.SENDING, State.UNKNOWN)
)
_ACTIVE = (_QUEUED, _SENDING, _UNKNOWN)
"""The same states as `ACTIVE_STATES` of the inbox."""
_IN_FLIGHT = (_SENDING, _UNKNOWN)
_BATCH_SIZES = (16, 200)
"""How many candidates the first query returns, and, if none of those can be leased, the second one."""


def candidates(
    session: Session, now: dt.datetime, kinds: Collection[str], max_in_flight: int | None
) -> Iterator[str]:
    """Yield the ids that may be sent at *now*, longest due first; the caller checks each again, its row locked.

    Yield nothing while *max_in_flight* documents are being sent; there is no limit if it is None.
    """
    keys: set[str] = set()
    for most in _BATCH_SIZES:
        values = {"now": now, "most": most, "max_in_flight": max_in_flight}
        statement = due(tuple(sorted(kinds)), max_in_flight is not None)
        ids: Sequence[str] = session.connection().scalars(statement, values).all()
        yield from (id for id in ids if id not in keys)
        if len(ids) < most:
            return
        keys.update(ids)


@functools.cache
def due(kinds: tuple[str, ...], limited: bool) -> Select[Any]:
    """Return the statement for the ids that may be sent; its parameters are now, most and max_in_flight.

    It is cached, because building it takes longer than running it.
    """
    other = aliased(Submission)
    return (
        select(Submission.id)
        .where(
            Submission.state.in_(_ACTIVE),
            Submission.state != _SENDING,
            Submission.due_at <= bindparam("now", type_=UtcDateTime),
            # An expression, so that the index by kind is not used: it contains every settled row too.
            (Submission.kind + "").in_(kinds),
            below_limit() if limited else true(),
            # An earlier row that itself depends on a document is checked in `is_next`.
            ~exists().where(
                other.order_key == Submission.order_key,
                other.state.in_(_ACTIVE),
                _precedes(other, Submission.state == _QUEUED, Submission.id, Submission.seq),
                or_(other.state.in_(_IN_FLIGHT), type_coerce(other.depends_on, Text) == "[]"),
            ),
        )
        .order_by(Submission.due_at, Submission.seq)
        .limit(bindparam("most"))
    )


def is_next(session: Session, row: Submission) -> bool:
    """Say whether no other row of the order key must reach the ERP before *row*."""
    values = {"key": row.order_key, "submission": row.id, "place": row.seq}
    earlier = session.scalars(before(row.state == State.QUEUED), values).all()
    # A document that waits for another one must not delay the rest of its order key.
    return all(other.state == State.QUEUED and blocking_dependency(session, other) for other in earlier)


@functools.cache
def before(queued: bool) -> Select[Any]:
    """Return the statement for the rows that must reach the ERP before a row which is *queued* or in flight.

    Its parameters: the order key, and the `id` and `seq` of that row (submission, place).
    """
    place = bindparam("place", type_=BigInteger)
    return select(Submission).where(
        Submission.order_key == bindparam("key"),
        Submission.state.in_(_ACTIVE),
        _precedes(Submission, true() if queued else false(), bindparam("submission"), place),
    )


def _precedes(other: type[Submission], waiting: ColumnElement[bool], id: Any, seq: Any) -> ColumnElement[bool]:
    """Return the condition that *other* must reach the ERP before the row *id* of the same order key.

    *waiting*: the row is queued. Rows in flight precede queued ones, independent of `seq`: a number is assigned
    before its row becomes visible, so a lower one may appear while a higher one is being sent.
    """
    return and_(
        other.id != id,
        or_(
            and_(other.state.in_(_IN_FLIGHT), or_(waiting, other.seq < seq)),
            and_(other.state == _QUEUED, waiting, other.seq < seq),
        ),
    )
