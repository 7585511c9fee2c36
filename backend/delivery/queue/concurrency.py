"""At most so many documents on their way into the ERP at once, over all workers.

What is on its way is what is `sending`: a row on disk, so that a worker which dies gives its place back with
its lease, and no count can drift. A call that outlives its lease is not counted any more; a lease should be
longer than the ERP's own longest request where the limit must never be passed.
"""

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from backend.database.locks import advisory_lock
from backend.inbox.models import Submission
from sync_protocol.submission import State


def lock_counter(session: Session) -> None:
    """Hold off every other counting claim until the commit; two that count at once would both find room."""
    advisory_lock(session, "delivery/in flight")


def below_limit() -> ColumnElement[bool]:
    """Return the condition that workers hold fewer documents now than the parameter `max_in_flight` says."""
    held = aliased(Submission)
    sending = select(func.count()).where(held.state == literal_column(f"'{State.SENDING.value}'"))
    return sending.scalar_subquery() < bindparam("max_in_flight", type_=BigInteger)
