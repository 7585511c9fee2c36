"""`satchel doctor` on the standby: whether it is one, its epoch, and how far it is behind."""

from collections.abc import Iterator

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.database.core import engine_options
from backend.feed import positions
from backend.feed.positions import FeedMissing, Head
from sync_protocol.local_time import local_time

STATE = text(
    "SELECT pg_is_in_recovery() AS standby, pg_last_xact_replay_timestamp() AS replayed,"
    " CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END AS pause"
)
MEANWHILE = "the primary serves reads meanwhile"


def examine_standby(url: str, primary: Head) -> Iterator[Finding]:
    """Yield the findings about the standby at *url*; *primary* is the primary's head, read just before."""
    engine = create_engine(url, **engine_options(url))
    try:
        with Session(engine) as session:
            state = session.execute(STATE).one()
            head = positions.head(session)
    except (SQLAlchemyError, FeedMissing) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding(WARNING, "standby", reason, f"check SATCHEL_STANDBY_URL; {MEANWHILE}")
        return
    finally:
        engine.dispose()
    if not state.standby:
        yield Finding(ERROR, "standby", "it is not a standby", "clone it from the primary again")
    elif head.epoch != primary.epoch:
        message = f"it has another epoch, {head.epoch}"
        yield Finding(ERROR, "standby", message, f"make it follow the new primary; {MEANWHILE}")
    elif head.position < primary.position or state.pause != "not paused":
        replayed = local_time(state.replayed, timespec="seconds") if state.replayed else "never"
        message = (
            f"{primary.position - head.position} positions behind; replay: {state.pause}, last at {replayed}"
        )
        yield Finding(WARNING, "standby", message, f"run doctor again; while it is behind, {MEANWHILE}")
    else:
        yield Finding(OK, "standby", f"level with the primary at position {head.position}")
