"""A limit on the documents that all workers together are sending to the ERP at once.

Rows in state `sending` are counted. A worker that dies gives its place back when its lease ends, so no counter
can drift. A call that outlives its lease is not counted any more: where the limit must never be exceeded, the
lease must be longer than the ERP's own longest request.
"""

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from backend.database.locks import advisory_lock
from backend.inbox.models import Submission
from sync_protocol.submission import State


def lock_counter(session: Session) -> None:
    """Let one transaction count at a time, until its commit; two that count at once would both find room."""
    advisory_lock(session, "delivery/in flight")


def below_limit() -> ColumnElement[bool]:
    """Return the condition that fewer documents are being sent than the parameter `max_in_flight` allows."""
    submission = aliased(Submission)
    sending = select(func.count()).where(submission.state == literal_column(f"'{State.SENDING.value}'"))
    return sending.scalar_subquery() < bindparam("max_in_flight", type_=BigInteger)
