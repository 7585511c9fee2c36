"""At most so many documents on their way into the ERP at once, over all workers.

What is on its way is what is `sending`: a row on disk, so that a worker which dies gives its place back with
its lease, and no count can drift. A call that outlives its lease is not counted any more; a lease should be
longer than the ERP's own longest request where the limit must never be passed.
"""

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from backend.database.core import is_postgresql
from backend.inbox.models import Submission
from sync_protocol.submission import State

_LOCK = 0x5361_7463_6865_6C77
"""Any number that nothing else locks."""
_TURN = select(func.pg_advisory_xact_lock(literal_column(str(_LOCK))))


def lock_counter(session: Session) -> None:
    """Hold off every other counting claim until the commit; two that count at once would both find room."""
    # On SQLite whoever writes is alone anyway.
    if is_postgresql(session):
        session.connection().execute(_TURN)


def below_limit() -> ColumnElement[bool]:
    """Return the condition that workers hold fewer documents now than the parameter `max_in_flight` says."""
    held = aliased(Submission)
    sending = select(func.count()).where(held.state == literal_column(f"'{State.SENDING.value}'"))
    return sending.scalar_subquery() < bindparam("max_in_flight", type_=BigInteger)
