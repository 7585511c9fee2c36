"""Hearing: what a device or a rep hears, and where it stands in the feed, in one statement.

A statement made of a `Speaker` is a snapshot of its own: device, rep, grants and whatever it reads of the
feed are of one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, bindparam, literal, select, true, union_all
from sqlalchemy.orm import Session

from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import ONLY, FeedMissing, Head
from backend.feed.reading import CHECKSUM_COLUMNS, STATE_COLUMNS, StreamState
from backend.identity import access, principals
from backend.identity.models import Assignment, Rep, RoleCollection
from backend.identity.principals import PRINCIPAL_QUERY, Principal
from backend.identity.tokens import Claims
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.channel import EVERYONE
from sync_protocol.checksum import MODULUS, Checksum


class SubscriptionQuery:
    """Parts of a statement about what *row* hears: a device's or a rep's, with its rep and role."""

    def __init__(self, row: CTE) -> None:
        self.row = row
        self.channels = union_all(
            select(literal(EVERYONE).label("channel")),
            select(literal("rep:") + row.c.rep),
            select(Assignment.channel).join(row, Assignment.rep == row.c.rep).where(Assignment.until.is_(None)),
        ).subquery("heard")

    def role_allows(self, collection: Any) -> ColumnElement[bool]:
        """Say of a column that names a collection whether the role gives it."""
        return (
            select(RoleCollection.role)
            .where(RoleCollection.role == self.row.c.role, RoleCollection.collection == collection)
            .exists()
        )


DEVICE = SubscriptionQuery(PRINCIPAL_QUERY.cte("who"))
"""The row that `principals.judge` judges, for the parameter `device`."""
_REP = SubscriptionQuery(select(Rep.id.label("rep"), Rep.role).where(Rep.id == bindparam("rep")).cte("who"))


@dataclass(frozen=True)
class Subscriptions:
    """The feed's head, and where each stream stands that is heard and ever held a record."""

    head: Head
    states: Mapping[Stream, StreamState]


def for_device(session: Session, claims: Claims) -> tuple[Principal, Subscriptions]:
    """Return who *claims* speak for and what they hear; raises `FeedMissing` and as `principals.judge`."""
    rows = _rows(session, _LOOK_OF_DEVICE, {"device": claims.device})
    return principals.check(rows[0], claims), _subscriptions(rows)


def for_rep(session: Session, rep: str) -> Subscriptions:
    """Return what *rep* hears, which is nothing if there is no such rep; raises `FeedMissing`."""
    return _subscriptions(_rows(session, _LOOK_OF_REP, {"rep": rep}))


def supported(subscriptions: Subscriptions, schema: int) -> list[Stream]:
    """Return what of *heard* an app of revision *schema* understands, in the order phones need it."""
    order = {name: n for n, name in enumerate(COLLECTIONS)}
    known = [s for s in subscriptions.states if access.supported(*s, schema)]
    return sorted(known, key=lambda s: (order[s[1]], s[0] != EVERYONE, not s[0].startswith("rep:"), s[0]))


def _query(speaker: SubscriptionQuery) -> Select[Any]:
    """Select a row for each stream heard, each with the speaker and the head; one row if there is none."""
    streams = speaker.channels.join(FeedStream, FeedStream.channel == speaker.channels.c.channel)
    return (
        select(
            speaker.row,
            FeedHead.epoch,
            FeedHead.position,
            *STATE_COLUMNS,
            *CHECKSUM_COLUMNS,
        )
        .select_from(FeedHead)
        .outerjoin(speaker.row, true())
        .outerjoin(streams, speaker.role_allows(FeedStream.collection))
        .where(FeedHead.id == ONLY)
    )


_LOOK_OF_DEVICE, _LOOK_OF_REP = _query(DEVICE), _query(_REP)


def _rows(session: Session, look: Select[Any], whose: Mapping[str, str]) -> list[Any]:
    rows = session.connection().execute(look, whose).all()
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
