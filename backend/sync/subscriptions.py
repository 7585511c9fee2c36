"""Subscriptions: the streams a device or rep may read, with each stream's head, in one SQL statement.

A statement built from a `SubscriptionQuery` is a snapshot of its own: device, rep, grants and the columns of
the feed come from the same instant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import HEAD_ID, FeedMissing, Head
from backend.feed.reading import CHECKSUM_COLUMNS, STATE_COLUMNS, StreamState
from backend.identity import access, principals
from backend.identity.models import Assignment, Rep, RoleCollection
from backend.identity.principals import PRINCIPAL_QUERY, Credential, Principal
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.channel import EVERYONE
from sync_protocol.checksum import MODULUS, Checksum


class SubscriptionQuery:
    """Building blocks for statements about the streams that a principal may read.

    Args:
        principal: A CTE with one row, a device's or a rep's, that has the columns `rep` and `role`.
    """

    def __init__(self, principal: CTE) -> None:
        self.principal = principal
        self.channels = union_all(
            select(literal(EVERYONE).label("channel")),
            select(literal("rep:") + principal.c.rep),
            select(Assignment.channel)
            .join(principal, Assignment.rep == principal.c.rep)
            .where(Assignment.until.is_(None)),
        ).subquery("channels")

    def role_allows(self, collection: Any) -> ColumnElement[bool]:
        """Return the condition that the principal's role may read *collection*, a column or a name.

        It counts, because PostgreSQL would turn an EXISTS into a join, and could then read the streams of all
        channels by the collections of the role.
        """
        role = select(self.principal.c.role).scalar_subquery()
        granted = select(func.count()).where(
            RoleCollection.role == role, RoleCollection.collection == collection
        )
        return granted.scalar_subquery() > literal_column("0")


DEVICE = SubscriptionQuery(PRINCIPAL_QUERY.cte("principal"))
"""For one device; the parameter is `device`. `principals.check` checks its row."""
_REP = SubscriptionQuery(
    select(Rep.id.label("rep"), Rep.role).where(Rep.id == bindparam("rep")).cte("principal")
)
"""For one rep; the parameter is `rep`."""


@dataclass(frozen=True)
class Subscriptions:
    """The feed's head, and the state of each stream that may be read and that ever held a record."""

    head: Head
    states: Mapping[Stream, StreamState]


def for_device(session: Session, token: Credential) -> tuple[Principal, Subscriptions]:
    """Return the principal of *token* and its subscriptions.

    Raises:
        FeedMissing: The database is not set up.
        Whatever `principals.check` raises, if the device or its rep may not use the API any more.
    """
    rows = _rows(session, _DEVICE_QUERY, {"device": token.device})
    return principals.check(rows[0], token), _subscriptions(rows)


def for_rep(session: Session, rep: str) -> Subscriptions:
    """Return the subscriptions of *rep*, which are empty if the rep does not exist; raises `FeedMissing`."""
    return _subscriptions(_rows(session, _REP_QUERY, {"rep": rep}))


def supported(subscriptions: Subscriptions, schema: int) -> list[Stream]:
    """Return the streams of *subscriptions* that an app of revision *schema* supports, most urgent first."""
    return sorted((s for s in subscriptions.states if access.supported(*s, schema)), key=by_urgency())


def by_urgency() -> Callable[[Stream], tuple[int, bool, bool, str]]:
    """Return the sort key that puts the streams first which phones need first."""
    order = {name: n for n, name in enumerate(COLLECTIONS)}
    return lambda s: (order[s[1]], s[0] != EVERYONE, not s[0].startswith("rep:"), s[0])


def _query(query: SubscriptionQuery) -> Select[Any]:
    """Select one row per stream, each with the principal and the feed's head; one row if there is no stream."""
    streams = query.channels.join(FeedStream, FeedStream.channel == query.channels.c.channel)
    return (
        select(
            query.principal,
            FeedHead.epoch,
            FeedHead.position,
            *STATE_COLUMNS,
            *CHECKSUM_COLUMNS,
        )
        .select_from(FeedHead)
        .outerjoin(query.principal, true())
        .outerjoin(streams, query.role_allows(FeedStream.collection))
        .where(FeedHead.id == HEAD_ID)
    )


_DEVICE_QUERY, _REP_QUERY = _query(DEVICE), _query(_REP)


def _rows(session: Session, query: Select[Any], parameters: Mapping[str, str]) -> list[Any]:
    rows = session.connection().execute(query, parameters).all()
    if not rows:
        raise FeedMissing("the database is not set up; run `satchel init`")
    return list(rows)


def _subscriptions(rows: list[Any]) -> Subscriptions:
    return Subscriptions(
        Head(rows[0].epoch, rows[0].position),
        {
            (channel, collection): StreamState(head, floor, Checksum(count, sum % MODULUS))
            for *_, channel, collection, head, floor, count, sum in rows
            if channel is not None
        },
    )
