"""Link a parked document to a document that somebody entered in the ERP by hand."""

import json
from dataclasses import replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.delivery.erp_lookup import is_cancelled
from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.records import ErpDocument
from backend.erp.totals import total_note
from backend.feed.changes import live
from backend.feed.customer_merges import CUSTOMERS, surviving_customer
from backend.inbox.dependents import sent_dependents
from backend.inbox.models import Binding, Submission
from backend.inbox.settle import bind, unbind
from backend.inbox.state_change import UNLINKED, ErpBinding
from backend.office.action import ActionRequest, ActionResult
from backend.office.erp_check import (
    ErpCheck,
    bound_elsewhere,
    own_and_foreign,
    require_current,
    require_settled,
)
from backend.office.errors import ActionRefused
from sync_protocol.catalogue import KINDS
from sync_protocol.errors import ErrorCode
from sync_protocol.sentence import sentence
from sync_protocol.submission import Decision, State

_BOUND = frozenset({State.ACCEPTED, State.ON_HOLD})
"""States of a document that the ERP has under a number."""


def link(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Accept the document *row* as the ERP's document `number`, which the ERP check has found.

    Raises `ActionRefused` if the document has changed since that check, or if `number` belongs to another one.
    """
    number = request.arguments["number"]
    check = require_current(row, request.erp_check)
    document = _document_to_link(session, row, number, check)
    doubts = _doubts(session, row, number, document)
    if doubts and not request.overrules_doubt:
        raise ActionRefused(
            ErrorCode.LINK_DOUBTFUL,
            f"{' and '.join(doubts)}; use force with the reason if it is the right one",
        )
    if row.decision == Decision.LINKED:
        # The ERP no longer has the document that it was linked to, so the office links it to another one.
        unbind(session, row)
    conflict = _bind(session, row, document, check.connector, request)
    if conflict is not None:
        raise ActionRefused(
            ErrorCode.LINKED_ELSEWHERE,
            f"{number} is document {conflict.local_id}"
            if conflict.local_id != row.id
            else f"document {row.id} is {conflict.number or conflict.external_id} in the ERP",
        )
    linked = replace(document, number=document.number or number)
    return ActionResult(
        State.ACCEPTED,
        _linked_to(row, document, linked.number),
        linked=linked,
        detail={
            "number": number,
            "external_id": document.external_id,
            **({"doubts": doubts} if doubts else {}),
        },
    )


def unlink(session: Session, row: Submission, request: ActionRequest) -> ActionResult | None:
    """Take the ERP's number from *row*, which is parked again; None if that was done already.

    Documents that depend on *row* wait again, unless they were sent: the advice and the audit trail name those.
    Raises `ActionRefused` for a document without a number, and, unless the person insists, for a number that
    the ERP itself has answered.
    """
    if row.state == State.PARKED and row.error_class == UNLINKED:
        return None
    number = row.erp_number or row.erp_id
    if row.state not in _BOUND or number is None or row.erp_id is None:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"document {row.id} is {row.state} and has no number in the ERP"
        )
    if row.decision != Decision.LINKED and not request.overrules_doubt:
        raise ActionRefused(
            ErrorCode.LINK_DOUBTFUL,
            f"nobody linked document {row.id} to {number}: the ERP has answered with that number; "
            f"use force with the reason if {number} is another document",
        )
    unbind(session, row)
    sent = sent_dependents(session, row)
    detail = {"number": number, "external_id": row.erp_id, **({"sent": sent} if sent else {})}
    return ActionResult(
        State.PARKED,
        sentence("office_unlinked", number=number),
        owner="office",
        error_class=UNLINKED,
        advice=_sent_already(sent) if sent else None,
        unlinked=True,
        detail=detail,
    )


def _sent_already(ids: list[str]) -> str:
    which = "These documents depend on it and were" if len(ids) > 1 else "This document depends on it and was"
    them = "them" if len(ids) > 1 else "it"
    return f"{PARK_REASONS[UNLINKED].advice} {which} sent meanwhile; check {them} in the ERP: {', '.join(ids)}."


def find_link(session: Session, row: Submission, request: ActionRequest) -> Submission | None:
    """Return *row* if it is linked to the number that *request* names."""
    return row if row.erp_number == request.arguments["number"] else None


def _document_to_link(session: Session, row: Submission, number: str, check: ErpCheck) -> ErpDocument:
    """Return the only ERP document under *number*; raises `ActionRefused` if it cannot be that of *row*."""
    possible = _possible(session, row, check)
    if len(possible) > 1:
        ids = ", ".join(document.external_id for document in possible)
        raise ActionRefused(
            ErrorCode.NOT_IN_ERP,
            f"the ERP has more than one {row.kind} {number} (ids {ids}): cancel the wrong ones there first",
        )
    if not possible:
        few = "no other" if check.by_number else "no"
        raise ActionRefused(ErrorCode.NOT_IN_ERP, f"the ERP has {few} {row.kind} {number}")
    [document] = possible
    if is_cancelled(document):
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS,
            f"{number} is cancelled in the ERP; link another one, or cancel the document",
        )
    own, _ = own_and_foreign(session, row, check)
    others = [other for other in own if other.external_id != document.external_id]
    if others:
        numbers = ", ".join(other.number or other.external_id for other in others)
        raise ActionRefused(
            ErrorCode.MAY_BE_IN_ERP,
            f"the ERP has document {row.id} as {numbers}: link it to that number, or remove it there first",
        )
    if document.key not in (None, row.id):
        raise ActionRefused(ErrorCode.LINKED_ELSEWHERE, f"{number} is document {document.key} in the ERP")
    if not own:
        require_settled(row, check)
    return document


def _possible(session: Session, row: Submission, check: ErpCheck) -> list[ErpDocument]:
    """Return the ERP's documents under the number; of several, those that may be that of *row*.

    An ERP may give one number to several documents: some may be cancelled, or those of others of ours.
    """
    if len(check.by_number) < 2:
        return list(check.by_number)
    taken = bound_elsewhere(session, row, check.connector, check.by_number)
    return [
        document
        for document in check.by_number
        if document.external_id not in taken and document.key in (None, row.id) and not is_cancelled(document)
    ]


def _doubts(session: Session, row: Submission, number: str, document: ErpDocument) -> list[str]:
    """Return clauses that say why *document* may be another one than *row*: its customer or total differs."""
    kind, body = KINDS[row.kind], json.loads(row.body)
    if kind.form_faults(body):
        return []
    doubts = []
    customer = body.get("customer_id")
    if customer is not None and document.customer_id is not None:
        customer_in_erp = surviving_customer(session, document.customer_id)
        if customer_in_erp != surviving_customer(session, customer):
            doubts.append(
                f"{number} is for {_customer(session, customer_in_erp)}, not for {_customer(session, customer)}"
            )
    if kind.total is not None and document.total is not None and not kind.total.equals(body, document.total):
        doubts.append(f"{number} has a total of {document.total}, not of {kind.total.of(body)}")
    return doubts


def _linked_to(row: Submission, document: ErpDocument, number: str | None) -> str:
    """Return what the rep reads, also if the ERP's total differs, by rounding or because the office insists."""
    note = None
    if not KINDS[row.kind].form_faults(json.loads(row.body)):
        note = total_note(row.kind, json.loads(row.body), document.total)
    if note is None:
        return sentence("office_linked", number=number)
    return sentence("office_linked_total", number=number, **note.parameters)


def _customer(session: Session, key: str) -> str:
    record = live(session, CUSTOMERS, key)
    return f"customer {record['name']} ({record['number'] or key})" if record else f"customer {key}"


def _bind(
    session: Session, row: Submission, document: ErpDocument, connector: str, request: ActionRequest
) -> Binding | None:
    """Bind *row* to *document*, or return the binding that contradicts it."""
    bindings = (ErpBinding(row.kind, document.external_id, document.number),)
    try:
        with session.begin_nested():
            conflict = bind(session, row, bindings, connector, request.now).rival
            session.flush()
    except IntegrityError:
        # Somebody else has linked to it at the same moment, and has committed.
        conflict = bind(session, row, bindings, connector, request.now).rival
    return conflict
