"""A real promotion: a primary, a standby fed by streaming, the stream cut, the primary dead.

Several companies share the two servers, so that one promotion serves several tests.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.models import FeedRow
from tests.databases import engine_of, prepared
from tests.services.postgres import PostgresServer
from tests.services.standby import catch_up, clone, cut, promote
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import Replica

Weaken = Callable[[pytest.MonkeyPatch], None]


@dataclass
class Company:
    """One database of both servers, and a device that has seen the tail which the standby lacks."""

    sessions: Sessions
    device: Replica
    epoch: str
    issued: dict[int, Any]
    """What the primary said at each position."""


@contextmanager
def promoted(folder: Path, companies: Mapping[str, Weaken]) -> Iterator[dict[str, Company]]:
    """Play the history up to the promotion, each company under its own weakening."""
    primary, standby = PostgresServer(folder / "primary"), PostgresServer(folder / "standby")
    with ExitStack() as stack:
        for server in (standby, primary):
            stack.callback(server.remove)
        primary.start()
        played = {name: _begin(primary.create_database(name), weaken) for name, weaken in companies.items()}
        clone(primary, standby)
        catch_up(primary, standby)
        cut(standby)
        for name, weaken in companies.items():
            _tail(played[name], weaken)
        primary.kill()
        promote(standby)
        for name, company in played.items():
            company.sessions = prepared(standby.url(name))
            stack.callback(engine_of(company.sessions).dispose)
        yield played


def issued(sessions: Sessions) -> dict[int, Any]:
    """Return what the feed says at each position."""
    with sessions() as session:
        rows = session.execute(select(FeedRow.position, FeedRow.key, FeedRow.body))
        return {row.position: (row.key, row.body) for row in rows}


def _begin(url: str, weaken: Weaken) -> Company:
    with pytest.MonkeyPatch.context() as monkeypatch:
        weaken(monkeypatch)
        sessions = prepared(url)
        reps(sessions)
        say(sessions, customer("K", "NW"))
    with sessions() as session:
        epoch = positions.head(session).epoch
    return Company(sessions, Replica(sessions, "R1").sync(), epoch, {})


def _tail(company: Company, weaken: Weaken) -> None:
    """Publish what only the primary and the device will ever know."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        weaken(monkeypatch)
        for n in range(5):
            say(company.sessions, customer("K", "NW", name=f"Of the lost tail {n}"), customer(f"LOST{n}", "NW"))
    company.device.sync()
    company.issued = issued(company.sessions)
    engine_of(company.sessions).dispose()
