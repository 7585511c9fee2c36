"""Customer merges that were read: submissions for both customers are sent in one sequence from then on."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.feed.changes import live_many
from backend.feed.customer_merges import CUSTOMERS
from backend.inbox import order_keys
from sync_protocol.catalogue.order import BY_CUSTOMER
from sync_protocol.json_types import Record


def follow(session: Session, collection: str, good: Mapping[str, Record]) -> int:
    """Give waiting orders for merged customers the order key of the customer that remains.

    *good* are the records of the page, by key. Returns how many orders were changed. Call it before `publish`,
    because a transaction that holds the feed's lock writes to the feed only.
    """
    if collection != CUSTOMERS:
        return 0
    into = {key: record["replaced_by"] for key, record in good.items() if record["replaced_by"]}
    # While the remaining customer is not in the feed, documents are sent for the customer that they name.
    existing = {*good, *live_many(session, CUSTOMERS, set(into.values()) - set(good), by_index=True)}
    keys = {BY_CUSTOMER + old: BY_CUSTOMER + new for old, new in into.items() if new in existing and new != old}
    return order_keys.merge(session, keys)
