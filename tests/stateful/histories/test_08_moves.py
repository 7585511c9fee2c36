"""History 8: a move meets a move, or a follower (rule 1: the counter is taken before anything is read)."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.feed import changes, positions
from backend.feed.live import read_live
from backend.feed.row_writes import write_rows
from sync_protocol.change import Change, Put
from tests.stateful.histories.checks import alive_twice, channels_of
from tests.stateful.histories.stepping import Writer
from tests.unit.sync.company import customer, order, say


def meet(sessions: Sessions, first: Change, second: Change) -> Exception | None:
    """Publish *first*, let *second* go as far as it can, commit the first; return the second's error."""
    with sessions() as session, session.begin():
        changes.publish(session, [first])
        other = Writer(sessions, lambda session: changes.publish(session, [second]))
        other.runs_until_it_waits()
    other.finish()
    return other.error


def move_against_move(sessions: Sessions) -> list[str]:
    """A customer of A is moved to B and to C at the same time."""
    say(sessions, customer("C1", "A"))
    error = meet(sessions, customer("C1", "B"), customer("C1", "C"))
    refused = [f"a writer fails: {type(error).__name__}"] if error else []
    return refused + alive_twice(sessions)


def move_against_follower(sessions: Sessions) -> list[str]:
    """A customer is being moved while an order of its is published."""
    say(sessions, customer("C1", "A"))
    assert meet(sessions, customer("C1", "B"), order("O1", "C1")) is None
    return _order_elsewhere(sessions)


def follower_against_move(sessions: Sessions) -> list[str]:
    """An order is being published while its customer is moved."""
    say(sessions, customer("C1", "A"))
    assert meet(sessions, order("O1", "C1"), customer("C1", "B")) is None
    return _order_elsewhere(sessions)


def _order_elsewhere(sessions: Sessions) -> list[str]:
    parent, follower = channels_of(sessions, "customers", "C1"), channels_of(sessions, "orders", "O1")
    return [] if parent == follower else [f"the customer is in {parent}, its order in {follower}"]


@pytest.mark.parametrize("scenario", [move_against_move, move_against_follower, follower_against_move])
def test_a_record_ends_in_one_channel_and_its_follower_with_it(
    scenario: Callable[[Sessions], list[str]], on_postgresql: Sessions
) -> None:
    assert scenario(on_postgresql) == []
    assert channels_of(on_postgresql, "customers", "C1") in (["territory:B"], ["territory:C"])


@pytest.mark.parametrize("scenario", [move_against_follower, follower_against_move])
def test_reading_before_the_counter_leaves_an_order_behind_its_customer(
    scenario: Callable[[Sessions], list[str]], on_postgresql: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "publish", reads_first)
    damage = scenario(on_postgresql)
    assert damage == ["the customer is in ['territory:B'], its order in ['territory:A']"]


def test_reading_before_the_counter_meets_the_index_that_allows_one_live_record(
    on_postgresql: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "publish", reads_first)
    assert move_against_move(on_postgresql) == [f"a writer fails: {IntegrityError.__name__}"]


def test_reading_before_the_counter_without_that_index_leaves_a_record_alive_in_two_channels(
    on_postgresql: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "publish", reads_first)
    with on_postgresql() as session, session.begin():
        session.execute(text("DROP INDEX feed_live"))
    assert move_against_move(on_postgresql) == ["customers C1 lives in 2 channels"]


def reads_first(session: Session, queued: Sequence[Change], *, commits: bool = False) -> int:
    """`publish()` with its two first steps exchanged: plan, then take the counter."""
    final = {(change.collection, change.key): change for change in queued}
    after = {ref: changes.prepare(ref, change) for ref, change in final.items() if isinstance(change, Put)}
    live = read_live(session, {*final, *(new.followed for new in after.values() if new.followed)})
    writes = list(changes._plan(session, final, after, live))
    top = positions.take(session, len(writes))
    write_rows(session, writes, top - len(writes) + 1, [], commits=commits)
    return top
