"""Merged customers: a document that cites a customer who was merged into another is sent for that other one.

What the device captured is never changed. The document is re-pointed on its way to the ERP, each time anew, and
that is told: in its timeline, and in the reason that the rep reads. A rep who does not hear the other customer
learns neither its name nor what the ERP says about it; the office reads both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from backend.delivery.transition import MAX_RAW, Transition
from backend.feed.changes import live
from backend.feed.customer_merges import CUSTOMERS, surviving_customer
from backend.feed.live import read_live
from backend.identity.access import ANY_SCHEMA, streams
from sync_protocol.submission import State

_HELD = "The ERP has it on hold; the office decides"
_REFUSED = "The ERP does not take it for the customer into which this one was merged; the office can say why"
_LATER = "The ERP has not taken it yet; it is tried again"
_STOPPED = "Sending to the ERP is stopped until it is set right"
_DISCREET = {
    State.ON_HOLD: _HELD,
    State.REJECTED: _REFUSED,
    State.PARKED: _REFUSED,
    State.QUEUED: _LATER,
    State.UNKNOWN: _LATER,
}
"""What a rep is told instead of words that may be about a customer whom the rep does not hear."""


@dataclass(frozen=True)
class Redirect:
    """A document's body for the customer it is sent for."""

    body: Mapping[str, Any]
    office_note: str
    """A sentence about it for the office, with names."""
    rep_note: str
    """The same for the rep, who reads the names of those customers only whom the rep hears."""
    visible_to_rep: bool
    """Whether the rep hears the customer it is sent for."""

    def annotate(self, transition: Transition) -> Transition:
        """Return *fate* with a word to the rep, and without what the rep is not to read."""
        if not self.visible_to_rep and (transition.reason or transition.errors):
            said = ". ".join(
                filter(None, (transition.reason, *(e["message"] for e in transition.errors), transition.raw))
            )
            reason = _STOPPED if transition.opens_breaker else _DISCREET.get(transition.state)
            errors = tuple(
                {**error, "message": "was refused; the office can say why"} for error in transition.errors
            )
            transition = replace(transition, reason=reason, raw=said[:MAX_RAW], errors=errors)
        if transition.state in (State.QUEUED, State.UNKNOWN):
            # Nothing has come of it yet.
            return transition
        words = f"{transition.reason.rstrip('.')}. {self.rep_note}" if transition.reason else self.rep_note
        return replace(transition, reason=words[:1000])


def redirect_merged_customer(session: Session, body: Mapping[str, Any], rep: str) -> Redirect | None:
    """Return *body*, a document of *rep*, for the customer it must be sent for; None if it names that one.

    An address of the old customer that the new one does not have is left to the ERP to choose.
    """
    old = body.get("customer_id")
    if not isinstance(old, str) or (new := surviving_customer(session, old)) == old:
        return None
    known, target = live(session, CUSTOMERS, old) or {}, live(session, CUSTOMERS, new) or {}
    changed = {**body, "customer_id": new}
    more = ""
    if body.get("ship_to_id") and body["ship_to_id"] not in {a["id"] for a in target["addresses"]}:
        changed["ship_to_id"] = None
        more = "; the delivery address was the old one's, so the ERP's usual one is taken"
    mine = _visible(session, rep, old, new)
    return Redirect(
        body=changed,
        office_note=f"Sent for {_name(target)}, into which {_name(known)} was merged in the ERP{more}",
        rep_note=f"Sent for {_name(target) if new in mine else 'another customer'}, into which "
        f"{_name(known) if old in mine else 'this one'} was merged in the ERP{more}",
        visible_to_rep=new in mine,
    )


def _visible(session: Session, rep: str, *customers: str) -> set[str]:
    """Return those of *customers* that *rep* hears."""
    granted = set(streams(session, rep, ANY_SCHEMA))
    found = read_live(session, [(CUSTOMERS, key) for key in customers])
    return {key for (name, key), record in found.items() if (record.channel, name) in granted}


def _name(customer: Mapping[str, Any]) -> str:
    return f"{customer['name']} ({customer['number'] or customer['id']})"
