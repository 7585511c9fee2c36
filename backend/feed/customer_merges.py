"""Customer merges: resolve a customer key to the surviving customer.

Separate from `changes`, which knows no collection by name; push, delivery and the office need both functions.
"""

import json

from sqlalchemy.orm import Session

from backend.feed.changes import live
from sync_protocol.collection import Kind
from sync_protocol.json_types import Body

CUSTOMERS = "customers"
MAX_MERGES = 10
"""How many merges in a row are followed; more are taken for a circle."""


def surviving_customer(session: Session, customer: str) -> str:
    """Return the key of the customer into which *customer* was finally merged.

    Return *customer* itself if it was not merged, or if the merges lead to a missing customer or in a circle.
    """
    visited, key = {customer}, customer
    while (record := live(session, CUSTOMERS, key)) is not None:
        successor = record["replaced_by"]
        if not successor:
            return key
        if successor in visited or len(visited) > MAX_MERGES:
            break
        visited.add(successor)
        key = successor
    return customer


def is_merged(record: str | None) -> bool:
    """Say whether *record*, a customer's record as it is stored (None: there is none), names a successor."""
    return record is not None and bool(json.loads(record)["replaced_by"])


def order_key(session: Session, kind: Kind, body: Body, rep: str) -> str:
    """Return the order key of a document of *kind*, with the surviving customer in place of a merged one.

    *body* is the document's body; only its `customer_id` is read here.
    """
    cited = body.get("customer_id")
    if isinstance(cited, str):
        body = {**body, "customer_id": surviving_customer(session, cited)}
    return kind.order_key(body, rep)
