"""Turns: in which order documents are sent. Serial within an order key, side by side across keys."""

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

# Literals: from a parameter no planner can tell that the index on active rows serves.
_QUEUED, _SENDING, _UNKNOWN = (
    literal_column(f"'{state.value}'", String) for state in (State.QUEUED, State.SENDING, State.UNKNOWN)
)
_ACTIVE = (_QUEUED, _SENDING, _UNKNOWN)
"""As `ACTIVE_STATES` of the inbox has it."""
_IN_FLIGHT = (_SENDING, _UNKNOWN)
_BATCH_SIZES = (16, 200)
"""How many candidates are asked for at a first look, and where none of those can be claimed, at a second."""


def candidates(
    session: Session, now: dt.datetime, kinds: Collection[str], max_in_flight: int | None
) -> Iterator[str]:
    """Yield the ids of what may be sent at *now*, due longest first; whoever claims weighs each once more.

    Nothing, while *writers* documents are on their way (None: there is no such limit).
    """
    seen: set[str] = set()
    for most in _BATCH_SIZES:
        values = {"now": now, "most": most, "max_in_flight": max_in_flight}
        asked = _due(tuple(sorted(kinds)), max_in_flight is not None)
        ids: Sequence[str] = session.connection().scalars(asked, values).all()
        yield from (id for id in ids if id not in seen)
        if len(ids) < most:
            return
        seen.update(ids)


@functools.cache
def _due(kinds: tuple[str, ...], limited: bool) -> Select[Any]:
    """Return the statement; building it takes longer than running it."""
    other = aliased(Submission)
    return (
        select(Submission.id)
        .where(
            Submission.state.in_(_ACTIVE),
            Submission.state != _SENDING,
            Submission.due_at <= bindparam("now", type_=UtcDateTime),
            # An expression, lest the index by kind be used, which holds all that was ever settled.
            (Submission.kind + "").in_(kinds),
            below_limit() if limited else true(),
            # Those before it that themselves wait for a document are weighed one by one, in `is_next`.
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
    """Say whether nothing of *row*'s order key must reach the ERP before it."""
    values = {"key": row.order_key, "mine": row.id, "place": row.seq}
    before = session.scalars(_before(row.state == State.QUEUED), values).all()
    # A document that waits for one which will not come must not hold up its neighbours.
    return all(other.state == State.QUEUED and blocking_dependency(session, other) for other in before)


@functools.cache
def _before(queued: bool) -> Select[Any]:
    place = bindparam("place", type_=BigInteger)
    return select(Submission).where(
        Submission.order_key == bindparam("key"),
        Submission.state.in_(_ACTIVE),
        _precedes(Submission, true() if queued else false(), bindparam("mine"), place),
    )


def _precedes(other: type[Submission], waiting: ColumnElement[bool], id: Any, seq: Any) -> ColumnElement[bool]:
    """Whether *other* must reach the ERP before a row of the same order key; *waiting*: the row is queued.

    What is in flight goes before what is queued, whatever their numbers: a number is given before its
    row becomes visible, so a lower one may turn up while a higher one is being sent.
    """
    return and_(
        other.id != id,
        or_(
            and_(other.state.in_(_IN_FLIGHT), or_(waiting, other.seq < seq)),
            and_(other.state == _QUEUED, waiting, other.seq < seq),
        ),
    )
