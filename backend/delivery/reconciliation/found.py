"""Found: what follows for a document that the ERP turns out to have, or to have refused."""

import datetime as dt
import json
from dataclasses import replace

from sqlalchemy.orm import Session

from backend.delivery.erp_lookup import ErpAnswer, active_documents, numbers_of
from backend.delivery.erp_response import from_outcome
from backend.delivery.followup.on_hold import erp_decision
from backend.delivery.transition import Transition
from backend.erp.records import ErpDocument
from backend.erp.totals import total_note
from backend.inbox.models import Submission
from backend.inbox.restored import IN_ERP
from backend.inbox.settle import settle
from backend.inbox.state_change import MAX_RAW, StateChange
from backend.inbox.supersession import ancestors
from sync_protocol.sentence import sentence
from sync_protocol.submission import State


def supersede_originals(session: Session, copy: Submission, now: dt.datetime) -> None:
    """Supersede what *copy* replaces, if the ERP has *copy* and certainly not its originals.

    Otherwise the office could send a parked original once more. The caller has taken the lock of the rep.
    """
    if copy.supersedes is None or copy.state not in IN_ERP:
        return
    for old in ancestors(session, copy.rep, copy.id, copy.supersedes).rows(session):
        settle(session, old, StateChange.superseded(old, copy.id), now=now, actor="erp")


def found_transition(session: Session, row: Submission, answer: ErpAnswer, now: dt.datetime) -> Transition:
    """Return the transition of *row*, which our database shows as unsent or open.

    Raises ValueError if *answer* is empty.
    """
    hits, body = active_documents(answer.hits, row.erp_id), json.loads(row.body)
    if row.state == State.HANDED_OVER and answer.outcome is not None:
        document = hits[0] if hits else ErpDocument(row.erp_id or row.id, row.erp_number, "handed over")
        return from_outcome(answer.outcome, row.kind, body, document, row.last_sent_at)
    if len(hits) > 1:
        return Transition.duplicate(f"find({row.id}) returned {numbers_of(hits)}", sent_at=now)
    if not hits:
        if answer.outcome is None:
            raise ValueError(f"the ERP's answer about {row.id} is empty")
        refused = ErpDocument(row.id, None, "refused")
        return from_outcome(answer.outcome, row.kind, body, refused, row.last_sent_at)
    [document] = hits
    raw = f"reconciled: the ERP says {document.state}"[:MAX_RAW]
    if erp_decision(session, row.kind, document) is State.ACCEPTED:
        accepted = Transition.accepted(row.kind, document, sent_at=now, raw=raw)
        return replace(accepted, reason=total_note(row.kind, body, document.total))
    # It is there and not done: the forwarder finds it and continues from its state.
    reason = sentence("looks_up_state")
    return Transition.unknown(reason, sent_at=now, due_at=now, raw=raw, document=document)
