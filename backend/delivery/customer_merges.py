"""Customer merges: send a document for the surviving customer, and decide what its rep reads about that.

The stored document never changes. It is redirected each time it is sent; the timeline and the reason that the
rep reads say so. A rep without access to the surviving customer reads neither its name nor the ERP's messages
about it; the office reads both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from backend.delivery.transition import Transition
from backend.feed.changes import live
from backend.feed.customer_merges import CUSTOMERS, surviving_customer
from backend.feed.live import read_live
from backend.identity.access import ANY_SCHEMA, streams
from backend.inbox.state_change import MAX_RAW
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body
from sync_protocol.sentence import followed, sentence
from sync_protocol.submission import State

_ON_HOLD = sentence("merge_on_hold")
_REFUSED = sentence("merge_refused")
_LATER = sentence("merge_later")
_STOPPED = sentence("merge_stopped")
_NEUTRAL_REASON = {
    State.ON_HOLD: _ON_HOLD,
    State.REJECTED: _REFUSED,
    State.PARKED: _REFUSED,
    State.QUEUED: _LATER,
    State.UNKNOWN: _LATER,
}
"""What the rep reads instead of a message that may be about a customer without access."""


@dataclass(frozen=True)
class Redirect:
    """A document's body for the surviving customer, and the notes about it."""

    body: Body
    office_note: str
    """A sentence for the office, with both names."""
    rep_note: str
    """The same for the rep, with the names of customers that the rep has access to."""
    visible_to_rep: bool
    """Whether the rep has access to the surviving customer."""

    def annotate(self, transition: Transition) -> Transition:
        """Return *transition* with `rep_note`, and without messages that the rep must not read."""
        if not self.visible_to_rep and (transition.reason or transition.errors):
            messages = (transition.reason, *(e["message"] for e in transition.errors), transition.raw)
            reason = _STOPPED if transition.opens_breaker else _NEUTRAL_REASON.get(transition.state)
            neutral = sentence("refused_office_knows")
            errors = tuple(
                Fault(ErrorCode[error["code"].upper()], error["field"], neutral).as_wire()
                for error in transition.errors
            )
            raw = ". ".join(filter(None, messages))[:MAX_RAW]
            transition = replace(transition, reason=reason, raw=raw, errors=errors)
        if transition.state in (State.QUEUED, State.UNKNOWN):
            # It is not settled yet.
            return transition
        if not transition.reason:
            return replace(transition, reason=self.rep_note)
        return replace(transition, reason=followed(transition.reason, self.rep_note))


def redirect_merged_customer(session: Session, body: Body, rep: str) -> Redirect | None:
    """Return *body*, a document of *rep*, for the surviving customer; None if its customer was not merged.

    If the surviving customer does not have the delivery address, the ERP chooses one.
    """
    old = body.get("customer_id")
    if not isinstance(old, str) or (new := surviving_customer(session, old)) == old:
        return None
    merged, target = live(session, CUSTOMERS, old) or {}, live(session, CUSTOMERS, new) or {}
    changed = {**body, "customer_id": new}
    more = ""
    if body.get("ship_to_id") and body["ship_to_id"] not in {a["id"] for a in target["addresses"]}:
        changed["ship_to_id"] = None
        more = "; the delivery address belongs to the old one, so the ERP's default address is used"
    visible = _visible(session, rep, old, new)
    return Redirect(
        body=changed,
        office_note=f"Sent for {_name(target)}, into which {_name(merged)} was merged in the ERP{more}",
        rep_note=sentence(
            "sent_for_survivor_address" if more else "sent_for_survivor",
            target=_name(target) if new in visible else sentence("another_customer"),
            merged=_name(merged) if old in visible else sentence("this_customer"),
        ),
        visible_to_rep=new in visible,
    )


def _visible(session: Session, rep: str, *customers: str) -> set[str]:
    """Return those of *customers* that *rep* has access to."""
    granted = set(streams(session, rep, ANY_SCHEMA))
    records = read_live(session, [(CUSTOMERS, key) for key in customers])
    return {key for (name, key), record in records.items() if (record.channel, name) in granted}


def _name(customer: Mapping[str, Any]) -> str:
    return f"{customer['name']} ({customer['number'] or customer['id']})"
