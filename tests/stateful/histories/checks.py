"""What must be true whatever happened; each check says in words what is damaged, an empty list if nothing."""

import json
from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.core import Sessions, snapshot
from backend.feed.models import FeedRow
from backend.identity import access

Ref = tuple[str, str]
"""(collection, key)"""
Content = dict[Ref, Any]


def view(session: Session, rep: str, schema: int = 1) -> Content:
    """Return what *rep* ought to hold: the live records of the granted streams, in this very snapshot."""
    granted = set(access.streams(session, rep, schema))
    rows = session.execute(
        select(FeedRow.channel, FeedRow.collection, FeedRow.key, FeedRow.body).where(FeedRow.body.is_not(None))
    )
    return {
        (row.collection, row.key): json.loads(str(row.body))
        for row in rows
        if (row.channel, row.collection) in granted
    }


def server_view(sessions: Sessions, rep: str, schema: int = 1) -> Content:
    """Return what *rep* ought to hold now."""
    with sessions() as session:
        snapshot(session)
        return view(session, rep, schema)


def differences(expected: Content, actual: Content) -> list[str]:
    """Return how what a device *has* differs from what it *ought* to have."""
    missing = [f"{name} {key} is missing" for name, key in expected.keys() - actual.keys()]
    extra = [f"{name} {key} should not be there" for name, key in actual.keys() - expected.keys()]
    old = [
        f"{name} {key} is old"
        for name, key in expected.keys() & actual.keys()
        if expected[name, key] != actual[name, key]
    ]
    return sorted(missing + extra + old)


def channels_of(sessions: Sessions, collection: str, key: str) -> list[str]:
    """Return the channels in which the record is alive; more or fewer than one is damage."""
    with sessions() as session:
        return sorted(
            session.scalars(
                select(FeedRow.channel).where(
                    FeedRow.collection == collection, FeedRow.key == key, FeedRow.body.is_not(None)
                )
            )
        )


def alive_twice(sessions: Sessions) -> list[str]:
    """Return the records that live in more than one channel."""
    with sessions() as session:
        rows = session.execute(select(FeedRow.collection, FeedRow.key).where(FeedRow.body.is_not(None)))
        counted = Counter((row.collection, row.key) for row in rows)
    return sorted(f"{name} {key} lives in {n} channels" for (name, key), n in counted.items() if n > 1)
