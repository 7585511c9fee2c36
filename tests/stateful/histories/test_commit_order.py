"""The order of positions is the order of commits (rule 1): under eight writers, and stepped by hand."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.database.round_trip import Read
from backend.feed import positions
from backend.feed.changes import publish
from backend.feed.models import FeedRow
from backend.feed.positions import Head
from backend.sync import subscriptions
from tests.eventually import SECONDS
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import do_not_compare
from tests.stateful.histories.stepping import Writer
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects

WRITERS = 8
_DRAWN = text("SELECT max(nextval('plain')) AS drawn FROM generate_series(1, CAST(:count AS bigint))")


def eight_writers(sessions: Sessions, transactions: int) -> list[str]:
    """Eight writers publish at once while a device polls; some leave their transaction open during a poll."""
    errors: list[Exception] = []
    polled = threading.Event()

    def write(writer: int) -> None:
        try:
            for n in range(transactions):
                with sessions() as session, session.begin():
                    publish(
                        session,
                        [customer(f"W{writer}-{n}", "NW"), customer(f"W{writer}", "NW", name=f"Version {n}")],
                    )
                    if (n + writer) % 4 == 0:
                        polled.clear()
                        assert polled.wait(SECONDS), "the device does not poll"
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    replica, pages_with_news = Replica(sessions, "R1"), 0
    while any(thread.is_alive() for thread in threads):
        pages_with_news += bool(replica.step()["changes"])
        polled.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert pages_with_news > 1, "the device polled only when all was over"
    replica.sync()
    expected = server_view(sessions, "R1")
    assert len(expected) == WRITERS * (transactions + 1)
    return differences(expected, content(replica))


def the_later_position_commits_first(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One writer stops when it has its position; another publishes; the device polls; the first commits."""
    say(sessions, customer("C0", "NW"))
    taken, go = threading.Event(), threading.Event()
    real = positions.taken

    def stop_there(session: Session, row: Any) -> int:
        top = real(session, row)
        if session.info.get("slow"):
            taken.set()
            assert go.wait(SECONDS), "nobody let the slow writer continue"
        return top

    def slowly(session: Session) -> None:
        session.info["slow"] = True
        publish(session, [customer("C1", "NW")])

    monkeypatch.setattr(positions, "taken", stop_there)
    replica = Replica(sessions, "R1").sync()
    slow = Writer(sessions, slowly)
    assert taken.wait(SECONDS), "the slow writer got no position"
    quick = Writer(sessions, lambda session: publish(session, [customer("C2", "NW")]))
    quick.runs_until_it_waits()
    replica.sync()
    go.set()
    slow.finish()
    quick.finish()
    assert (slow.error, quick.error) == (None, None)
    replica.sync()
    return differences(server_view(sessions, "R1"), content(replica))


def test_eight_writers_and_a_polling_device_lose_nothing(sessions: Sessions, database_url: str) -> None:
    reps(sessions)
    # SQLite lets one writer in at a time, whoever asks next, and syncs its file at each commit: with many
    # transactions on a busy machine one writer may not get its turn within the time that it waits.
    assert eight_writers(sessions, 6 if database_url.startswith("sqlite") else 150) == []


def test_a_device_misses_nothing_while_the_later_position_waits_for_the_earlier(
    on_postgresql: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    reps(on_postgresql)
    assert the_later_position_commits_first(on_postgresql, monkeypatch) == []


def test_positions_from_a_plain_sequence_lose_the_change_that_commits_late(
    on_postgresql: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    reps(on_postgresql)
    number_with_a_sequence(on_postgresql, monkeypatch)
    do_not_compare(monkeypatch)
    assert the_later_position_commits_first(on_postgresql, monkeypatch) == ["customers C1 is missing"]


def number_with_a_sequence(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw positions from a sequence, which hands them out in the order of asking and locks nothing."""
    with sessions() as session, session.begin():
        start = positions.head(session).position + 1
        session.execute(text(f"CREATE SEQUENCE plain START {start}"))
    real, for_rep = positions.head, subscriptions.for_rep

    def draw(dialect: str, count: int) -> Read:
        return Read(_DRAWN, {"count": count}, lambda rows: rows[0])

    def newest(session: Session) -> Head:
        return Head(real(session).epoch, session.scalar(select(func.max(FeedRow.position))) or 0)

    monkeypatch.setattr(positions, "taking", draw)
    monkeypatch.setattr(positions, "taken", lambda session, row: int(row.drawn))
    monkeypatch.setattr(positions, "head", newest)
    monkeypatch.setattr(
        subscriptions, "for_rep", lambda session, rep: replace(for_rep(session, rep), head=newest(session))
    )
