"""Waiting: a document that the ERP does not have waits until what may decide about it has come back.

After a loss of data that is its original, which the ERP may have, and each phone of its rep: in the lost
history the phone may have replaced or withdrawn the document. Neither is waited for without end; then the
document is parked, and the office decides.
"""

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.delivery.park_reasons import PARK_REASONS
from backend.identity.models import Device, Rep
from backend.inbox.models import Submission
from backend.inbox.restored import IN_ERP, DataLoss
from backend.inbox.settle import explain, settle
from backend.inbox.state_change import ORIGINAL_MISSING, PHONE_MISSING, StateChange
from sync_protocol.catalogue import KINDS
from sync_protocol.sentence import Sentence, sentence
from sync_protocol.submission import State

RETRY_AFTER = dt.timedelta(seconds=60)
"""How soon a document is checked again that cannot be decided about yet."""
PARKED_RETRY_AFTER = dt.timedelta(minutes=15)
"""The same for a parked document. Others must not wait behind many of them."""
DELIVERED_WITHIN = dt.timedelta(minutes=2)
"""How long a sync that has begun may take to deliver a phone's documents."""
_MAX_NAMES = 3


def awaited_phones(
    session: Session, line: Collection[Submission], loss: DataLoss, now: dt.datetime
) -> list[str]:
    """Return the names of the phones that may hold a later decision about one of *line*, documents of a rep.

    There are none if the ERP has one of *line*: then the rules let no other one pass.

    A phone learns of a loss in one sync, and sends its documents again at the latest at the beginning of the
    next one. So it is awaited until it has been in contact twice, `SEEN_EVERY` apart.
    """
    documents = [row for row in line if is_sendable(row)]
    reps = {row.rep for row in documents if loss.may_have_been_amended(row.id, now)}
    if not reps or any(row.state in IN_ERP for row in documents):
        return []
    names = session.scalars(
        select(Device.name)
        .join(Rep, Rep.id == Device.rep)
        .where(
            Device.rep.in_(reps),
            Rep.active,
            Device.revoked_at.is_(None),
            or_(
                Device.previously_seen_at.is_(None),
                Device.previously_seen_at <= loss.noticed_at,
                Device.last_seen_at > now - DELIVERED_WITHIN,
            ),
        )
        .order_by(Device.enrolled_at)
    )
    return list(names)


def is_sendable(row: Submission) -> bool:
    """Say whether *row* would become a document of its own in the ERP."""
    kind = KINDS.get(row.kind)
    return kind is not None and kind.has_own_document


def wait_ends(rows: Collection[Submission], loss: DataLoss, wait: dt.timedelta) -> dt.datetime:
    """Return until when *rows* wait for what has not come back: *wait* after the first came, or came back."""
    return max(loss.noticed_at, min(row.received_at for row in rows)) + wait


def wait_for_original(
    session: Session, row: Submission, original: str, ends: dt.datetime, now: dt.datetime
) -> None:
    """Let *row* wait for *original*, which the ERP may have; the office looks when the wait *ends*."""
    if row.state != State.RECEIVED:
        row.due_at = now + PARKED_RETRY_AFTER
    elif now < ends:
        _explain(session, row, sentence("waits_for_lost", document=original), now)
    else:
        reason = sentence("about_lost", document=original)
        # Neither its rep nor the office may replace it before somebody has looked.
        _park(session, row, ORIGINAL_MISSING, reason, row.last_sent_at, now)


def wait_for_phones(session: Session, row: Submission, phones: Sequence[str], now: dt.datetime) -> None:
    """Let *row* wait for *phones*."""
    if row.state != State.RECEIVED:
        row.due_at = now + PARKED_RETRY_AFTER
        return
    _explain(session, row, sentence("waits_for_phones", phones=_listed(phones)), now)


def park_unsent(
    session: Session, rows: Collection[Submission], phones: Sequence[str], loss: DataLoss, now: dt.datetime
) -> None:
    """Park those of *rows* that the rules have just let pass, because *phones* have not come back in time.

    They stay marked, so that the rules decide again if a later decision arrives after all.
    """
    for row in rows:
        if is_sendable(row) and row.state in (State.QUEUED, State.RECEIVED):
            reason = sentence("phones_not_synced", phones=_listed(phones))
            _park(session, row, PHONE_MISSING, reason, loss.noticed_at, now)
            row.due_at = now + PARKED_RETRY_AFTER


def _listed(phones: Sequence[str]) -> Sentence:
    """Return the *phones* in words."""
    if len(phones) == 1:
        return sentence("phone", name=phones[0])
    names = list(phones[:_MAX_NAMES])
    if len(phones) == len(names):
        return sentence("phones", names=names)
    return sentence("phones_and_more", names=names, more=len(phones) - _MAX_NAMES)


def _explain(session: Session, row: Submission, reason: str, now: dt.datetime) -> None:
    row.due_at = now + RETRY_AFTER
    if row.reason != reason:
        explain(session, row, reason, owner=None, now=now)


def _park(
    session: Session,
    row: Submission,
    error_class: str,
    reason: str,
    marked_at: dt.datetime | None,
    now: dt.datetime,
) -> None:
    change = StateChange(
        State.PARKED,
        marked_at,
        reason,
        error_class=error_class,
        owner=PARK_REASONS[error_class].owner,
    )
    settle(session, row, change, now=now, actor="erp")
