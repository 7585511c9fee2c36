"""Merged customers, as the feed tells of them: who stands for whom by now."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.feed.changes import live
from sync_protocol.collection import Kind

CUSTOMERS = "customers"
MAX_MERGES = 10
"""So many merges in a row are followed; more are a circle."""


def target_of(session: Session, customer: str) -> str:
    """Return whom *customer* was merged into in the end, or *customer*; also where that leads nowhere."""
    seen, now = {customer}, customer
    while (record := live(session, CUSTOMERS, now)) is not None:
        following = record["replaced_by"]
        if not following:
            return now
        if following in seen or len(seen) > MAX_MERGES:
            break
        seen.add(following)
        now = following
    return customer


def order_key(session: Session, kind: Kind, body: Mapping[str, Any], rep: str) -> str:
    """Return the order key of a document of *kind*: that of the customer who is left."""
    cited = body.get("customer_id")
    if isinstance(cited, str):
        body = {**body, "customer_id": target_of(session, cited)}
    return kind.order_key(body, rep)
