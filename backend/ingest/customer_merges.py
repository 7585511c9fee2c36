"""A merge of customers that was read: what is on its way for both goes one after another from now on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.feed.changes import live_many
from backend.feed.customer_merges import CUSTOMERS
from backend.inbox import order_keys
from sync_protocol.catalogue.order import BY_CUSTOMER


def follow(session: Session, collection: str, good: Mapping[str, Mapping[str, Any]]) -> int:
    """Put orders for the merged customers among *good*, records by key, in line with those for the ones left.

    Returns how many orders. To be called before the feed's lock is taken: behind it only the feed is written.
    """
    if collection != CUSTOMERS:
        return 0
    into = {key: record["replaced_by"] for key, record in good.items() if record["replaced_by"]}
    # Where the other is not known (yet), documents are sent for the one they name.
    known = {*good, *live_many(session, CUSTOMERS, set(into.values()) - set(good))}
    keys = {BY_CUSTOMER + old: BY_CUSTOMER + new for old, new in into.items() if new in known and new != old}
    return order_keys.merge(session, keys)
