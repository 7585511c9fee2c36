"""Merge order keys, so that submissions waiting under two keys are sent in one sequence.

It belongs to the inbox, so that `ingest` need not know the table of submissions.
"""

from collections.abc import Mapping

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.inbox.models import ACTIVE_STATES, Submission


def merge(session: Session, keys: Mapping[str, str]) -> int:
    """Move every active submission from an order key of *keys* to the key that it maps to; return how many.

    A row that another transaction has locked is left out: the worker that leases it checks its key again.
    """
    if not keys:
        return 0
    rows = session.scalars(
        select(Submission)
        .where(text(ACTIVE_STATES), Submission.order_key.in_(sorted(keys)))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.order_key = _last(keys, row.order_key)
    session.flush()
    return len(rows)


def _last(keys: Mapping[str, str], key: str) -> str:
    """Return the end of the chain that begins at *key*; *key* itself if the chain is a circle."""
    visited, current = {key}, keys[key]
    while current in keys:
        if current in visited:
            return key
        visited.add(current)
        current = keys[current]
    return current
