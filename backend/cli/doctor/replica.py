"""What `satchel doctor` says of the read replica: whether it is one, of which history, and how far behind."""

from collections.abc import Iterator

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import BAD, GOOD, WARN, Finding
from backend.database.core import engine_options
from backend.feed import positions
from backend.feed.positions import FeedMissing, Head

STATE = text(
    "SELECT pg_is_in_recovery() AS standby, pg_last_xact_replay_timestamp() AS replayed,"
    " CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END AS pause"
)
SERVES_NOT = "the primary serves until then"


def examine_replica(url: str, primary: Head) -> Iterator[Finding]:
    """Yield what is to be said of the replica at *url*, whose primary stood at *primary* a moment ago."""
    engine = create_engine(url, **engine_options(url))
    try:
        with Session(engine) as session:
            state = session.execute(STATE).one()
            head = positions.head(session)
    except (SQLAlchemyError, FeedMissing) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding(WARN, "replica", reason, f"check SATCHEL_REPLICA_URL; {SERVES_NOT}")
        return
    finally:
        engine.dispose()
    if not state.standby:
        yield Finding(BAD, "replica", "it is no standby", "clone it from the primary again")
    elif head.epoch != primary.epoch:
        words = f"it is of another epoch, {head.epoch}"
        yield Finding(BAD, "replica", words, f"let it follow the new primary; {SERVES_NOT}")
    elif head.position < primary.position or state.pause != "not paused":
        since = f"{state.replayed:%Y-%m-%d %H:%M:%S}" if state.replayed else "never"
        words = f"{primary.position - head.position} positions behind, {state.pause}, last replayed {since} UTC"
        yield Finding(WARN, "replica", words, "look again; if it stays behind, the primary does its work")
    else:
        yield Finding(GOOD, "replica", f"level with the primary at position {head.position}")
