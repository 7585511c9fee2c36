"""Hearing: who speaks and what they hear, as parts of one statement.

A statement made of these is a snapshot of its own: device, rep, grants and whatever of the feed it names
are of one moment. `access.streams` says the same of a rep in a snapshot that has begun.
"""

from typing import Any

from sqlalchemy import ColumnElement, literal, select, union_all

from backend.identity.models import Assignment, RoleCollection
from backend.identity.principals import WHO
from sync_protocol.channel import EVERYONE

SPEAKER = WHO.cte("who")
"""The row that `principals.judge` judges, for the parameter `device`."""

CHANNELS = union_all(
    select(literal(EVERYONE).label("channel")),
    select(literal("rep:") + SPEAKER.c.rep),
    select(Assignment.channel).join(SPEAKER, Assignment.rep == SPEAKER.c.rep).where(Assignment.until.is_(None)),
).subquery("heard")
"""The channels that the speaker hears now."""


def granted(collection: Any) -> ColumnElement[bool]:
    """Say of a column that names a collection whether the speaker's role gives it."""
    return (
        select(RoleCollection.role)
        .where(RoleCollection.role == SPEAKER.c.role, RoleCollection.collection == collection)
        .exists()
    )
