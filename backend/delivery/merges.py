"""Merged customers: a document that cites a customer who was merged into another is sent for that other one.

What the device captured is never changed. The document is re-pointed on its way to the ERP, each time anew, and
that is told: in its timeline, and in the reason that the rep reads.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.feed.changes import live

MOST_MERGES = 10
"""So many merges in a row are followed; more are a circle."""


def repointed(session: Session, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Return *body* for the customer it must be sent for, and a sentence about it; None if nothing was changed.

    An address of the old customer that the new one does not have is left to the ERP to choose.
    """
    old = body.get("customer_id")
    if not isinstance(old, str):
        return body, None
    known = live(session, "customers", old)
    target = known
    seen = {old}
    while target is not None and target["replaced_by"]:
        if target["replaced_by"] in seen or len(seen) > MOST_MERGES:
            return body, None
        seen.add(target["replaced_by"])
        target = live(session, "customers", target["replaced_by"])
    if known is None or target is None or target["id"] == old:
        return body, None
    changed = {**body, "customer_id": target["id"]}
    words = f"Sent for {_name(target)}, into which {_name(known)} was merged in the ERP"
    if body.get("ship_to_id") and body["ship_to_id"] not in {a["id"] for a in target["addresses"]}:
        changed["ship_to_id"] = None
        words += "; the delivery address was the old one's, so the ERP's usual one is taken"
    return changed, words


def _name(customer: Mapping[str, Any]) -> str:
    return f"{customer['name']} ({customer['number'] or customer['id']})"
