"""Candidate: the submission that has been due longest, found and locked in one statement.

What a connector gets of its rep comes along, because the document is sent with the rep's name.
"""

import datetime as dt
import functools
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, exists, literal_column, select, true
from sqlalchemy.orm import Session, aliased

from backend.database.bulk import POSTGRESQL, dialect_of
from backend.database.core import table_of
from backend.database.locks import try_lock_of
from backend.delivery.queue.ordering import before, due
from backend.erp.records import RepInfo
from backend.feed.customer_merges import CUSTOMERS, is_merged
from backend.feed.models import FeedRow
from backend.identity.models import Rep
from backend.inbox.models import Submission
from sync_protocol.catalogue.order import BY_CUSTOMER
from sync_protocol.submission import State

_FEED = table_of(FeedRow)


@dataclass
class Candidate:
    """A submission that may be sent, its row locked until the commit."""

    row: Submission
    rep: RepInfo
    """The rep, as a connector gets it."""
    key_is_locked: bool
    """Whether this transaction has the lock of its order key; else another worker has it."""
    current_customer: str | None = None
    """The customer of its order key, if it is not merged into another."""


class KeyState(NamedTuple):
    """What stands in the way of a submission in its order key."""

    has_earlier: bool
    """Whether another row must reach the ERP before, unless that one waits itself."""
    current_customer: str | None
    """The customer of the order key; None if it is merged into another, or the key has no customer."""


def key_lock(order_key: str) -> str:
    """Return the name of the lock of *order_key*."""
    return f"delivery/{order_key}"


def first_candidate(
    session: Session, now: dt.datetime, kinds: Collection[str], max_in_flight: int | None
) -> Candidate | None:
    """Return the submission that has been due longest, without those that another transaction has locked."""
    statement = _first(dialect_of(session), tuple(sorted(kinds)), max_in_flight is not None)
    values = {"now": now, "most": 1, "max_in_flight": max_in_flight}
    result = session.execute(statement, values).one_or_none()
    if result is None:
        return None
    row, name, number, key_is_locked = result
    return Candidate(row, rep_info(row, name, number), key_is_locked=bool(key_is_locked))


def rep_info(row: Submission, name: str | None, number: str | None) -> RepInfo:
    """Return the rep of *row* as a connector gets it; without a *name* its id is the name."""
    return RepInfo(id=row.rep, name=row.rep if name is None else name, employee_number=number)


@functools.cache
def _first(dialect: str, kinds: tuple[str, ...], limited: bool) -> Any:
    # A CTE, so that the key is locked after the row: else the key of a row that is skipped would be locked too.
    locked = due(kinds, limited).with_only_columns(*table_of(Submission).c).with_for_update(skip_locked=True)
    row = aliased(Submission, locked.cte("locked"))
    lock = literal_column(f"'{key_lock('')}'", Text) + row.order_key
    key_is_locked = try_lock_of(lock) if dialect == POSTGRESQL else true()
    return (
        select(row, Rep.name, Rep.employee_number, key_is_locked)
        .outerjoin(Rep, Rep.id == row.rep)
        .execution_options(populate_existing=True)
    )


def look_at_key(session: Session, row: Submission) -> KeyState:
    """Return what stands in the way of *row*, whose order key is locked."""
    customer = row.order_key.removeprefix(BY_CUSTOMER) if row.order_key.startswith(BY_CUSTOMER) else None
    values = {"key": row.order_key, "submission": row.id, "place": row.seq, "customer": customer}
    has_earlier, record = session.connection().execute(_key(row.state == State.QUEUED), values).one()
    return KeyState(bool(has_earlier), None if is_merged(record) else customer)


@functools.cache
def _key(queued: bool) -> Any:
    record = select(_FEED.c.body).where(
        _FEED.c.collection == CUSTOMERS,
        _FEED.c.key == bindparam("customer", type_=Text),
        _FEED.c.body.is_not(None),
    )
    return select(exists(before(queued)), record.scalar_subquery())
