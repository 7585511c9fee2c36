"""Customer merges: resolve a customer key to the surviving customer.

Separate from `changes`, which knows no collection by name; push, delivery and the office need both functions.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.feed.changes import live
from sync_protocol.collection import Kind

CUSTOMERS = "customers"
MAX_MERGES = 10
"""How many merges in a row are followed; more are taken for a circle."""


def surviving_customer(session: Session, customer: str) -> str:
    """Return the key of the customer into which *customer* was finally merged.

    Return *customer* itself if it was not merged, or if the merges lead to a missing customer or in a circle.
    """
    seen, key = {customer}, customer
    while (record := live(session, CUSTOMERS, key)) is not None:
        successor = record["replaced_by"]
        if not successor:
            return key
        if successor in seen or len(seen) > MAX_MERGES:
            break
        seen.add(successor)
        key = successor
    return customer


def order_key(session: Session, kind: Kind, body: Mapping[str, Any], rep: str) -> str:
    """Return the order key of a document of *kind*, with the surviving customer in place of a merged one.

    *body* is the document's body; only its `customer_id` is read here.
    """
    cited = body.get("customer_id")
    if isinstance(cited, str):
        body = {**body, "customer_id": surviving_customer(session, cited)}
    return kind.order_key(body, rep)
