"""Discards the plans that a connection has made for tables which have grown since.

PostgreSQL plans a prepared statement once and keeps the plan until the next ANALYZE of a table in it. A plan
for empty tables may read any index from one end to the other, because all ways to read nothing cost the same.
It is not renewed when the tables grow; autovacuum analyses them a minute or more later.

Separate from `core`, which knows nothing of plans.
"""

import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

PLAN_SECONDS = 30.0
"""Age above which a connection's plans are discarded. Making all of them again takes some milliseconds."""
GROWTH = 4
"""A connection's plans are discarded when it has been used this many times as often as at the last time."""
_PLANNED, _USES, _NEXT = "satchel.planned", "satchel.uses", "satchel.discards_at_use"


def renew_plans(engine: Engine) -> None:
    """Let PostgreSQL plan again what is prepared on a connection of *engine*, from time to time.

    `DISCARD PLANS` keeps the statements prepared, those of psycopg and ours
    (postgresql.org/docs/current/sql-discard.html). It is sent when the pool hands out the connection, before a
    transaction begins.
    """

    @event.listens_for(engine, "checkout")
    def _renew(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        info, now = record.info, time.monotonic()
        info[_USES] = uses = info.get(_USES, 0) + 1
        if now - info.setdefault(_PLANNED, now) < PLAN_SECONDS and uses < info.get(_NEXT, GROWTH):
            return
        info[_PLANNED], info[_NEXT] = now, uses * GROWTH
        # If it fails, so does the first statement of whoever gets the connection.
        connection.pgconn.exec_(b"DISCARD PLANS")
