"""History 9: a page read in several snapshots (rule 5: one page is one snapshot)."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy.orm import Session

import tests.unit.sync.replica as replica_module
from backend.database.core import Sessions
from backend.feed import reading
from backend.sync import grants, subscriptions
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Change, Gone, Stream
from tests.stateful.histories.aging import collect_all
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import do_not_compare
from tests.unit.sync.company import customer, order, reps, say
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects

NORTH_WEST: Stream = ("territory:NW", "customers")
Scenario = Callable[[Sessions, pytest.MonkeyPatch], list[str]]


def a_record_moves_behind_the_reader(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A rep may read NW and SE. NW has been read when a customer moves there from SE, which is read next."""
    with sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:SE", NOW)
    say(sessions, customer("C1", "SE"), customer("C2", "NW"), customer("C3", "SE"))
    return _page_against_both_views(sessions, monkeypatch, [customer("C1", "NW")])


def a_transaction_commits_between_two_streams(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The customers have been read when a customer is published together with its order."""
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    return _page_against_both_views(sessions, monkeypatch, [customer("C2", "NW"), order("O2", "C2")])


def a_collection_commits_between_floor_and_rows(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The floor has been read as 0 when the tombstone that the device still needs is collected."""
    say(sessions, customer("C1", "NW"), customer("C2", "NW"))
    replica = Replica(sessions, "R1").sync()
    say(sessions, Gone("customers", "C1"))
    say(sessions, customer("C2", "NW", name="Makes the stream worth reading"))
    _once_standing(monkeypatch, lambda: collect_all(sessions))
    assert replica.step()["complete"]
    # Whatever it held after that page, the next ones must put it right.
    return differences(server_view(sessions, "R1"), content(replica.sync()))


def _once_standing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do *act* in the moment when heads and floors have been read for the first time."""
    real, done = subscriptions.for_rep, []

    def of_rep(session: Session, rep: str) -> Subscriptions:
        subscriptions_of_rep = real(session, rep)
        if not done:
            done.append(act())
        return subscriptions_of_rep

    monkeypatch.setattr(subscriptions, "for_rep", of_rep)


def _page_against_both_views(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, in_between: Sequence[Change]
) -> list[str]:
    """Publish *in_between* while a page is being read; return how it differs from what was there before
    and after, an empty list if it is one of the two."""
    before = server_view(sessions, "R1")
    _once_read(monkeypatch, NORTH_WEST, lambda: say(sessions, *in_between))
    replica = Replica(sessions, "R1")
    page = replica.step()
    assert page["complete"]
    records = content(replica)
    damage = differences(before, records)
    return damage if damage and differences(server_view(sessions, "R1"), records) else []


def _once_read(monkeypatch: pytest.MonkeyPatch, stream: Stream, act: Callable[[], object]) -> None:
    """Do *act* in the moment when *stream* has been read for the first time; each is a statement of its own."""
    real, done = reading.rows_after, []

    def rows_after(session: Session, marks: Sequence[tuple[Stream, int]], limit: int) -> Any:
        rows = []
        for n, mark in enumerate(marks):
            rows += [(n, *row[1:]) for row in real(session, [mark], limit)]
            if mark[0] == stream and not done:
                done.append(act())
        return rows

    monkeypatch.setattr(reading, "rows_after", rows_after)


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


SCENARIOS = [
    a_record_moves_behind_the_reader,
    a_transaction_commits_between_two_streams,
    a_collection_commits_between_floor_and_rows,
]
DAMAGES = [
    ["customers C1 is missing"],
    ["orders O2 should not be there"],
    ["customers C1 should not be there"],
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_complete_page_is_one_moment_of_the_server(
    scenario: Scenario, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scenario(sessions, monkeypatch) == []


@pytest.mark.parametrize(("scenario", "damage"), list(zip(SCENARIOS, DAMAGES, strict=True)))
def test_a_page_of_several_snapshots_says_complete_and_is_no_moment_that_ever_was(
    scenario: Scenario, damage: list[str], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "snapshot", a_snapshot_per_statement)
    do_not_compare(monkeypatch)
    assert scenario(sessions, monkeypatch) == damage


def a_snapshot_per_statement(session: Session) -> None:
    """Begin as READ COMMITTED does; on SQLite, as a driver does that opens no transaction for reading."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "READ COMMITTED"})
    else:
        session.connection(execution_options={"satchel_snapshot": True}).exec_driver_sql("COMMIT")
