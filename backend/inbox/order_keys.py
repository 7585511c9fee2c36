"""Order keys that have become one: what was to be sent one after another under two keys is so under one."""

from collections.abc import Mapping

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.inbox.models import ACTIVE_STATES, Submission


def merge(session: Session, keys: Mapping[str, str]) -> int:
    """Give what is on its way under each key of *keys* the key that it leads to; return how many documents.

    What somebody else is just writing to is left out: whoever claims it looks at its key again.
    """
    if not keys:
        return 0
    found = session.scalars(
        select(Submission)
        .where(text(ACTIVE_STATES), Submission.order_key.in_(sorted(keys)))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in found:
        row.order_key = _end(keys, row.order_key)
    session.flush()
    return len(found)


def _end(keys: Mapping[str, str], key: str) -> str:
    """Return where *key* leads to; where that is a circle, *key*."""
    seen, now = {key}, keys[key]
    while now in keys:
        if now in seen:
            return key
        seen.add(now)
        now = keys[now]
    return now
