"""The two ways in which a push stores documents on PostgreSQL: at once when it commits, and step by step.

Both give the same results and leave the same rows, hashes and sums.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from backend.database import commit_steps
from backend.database.commit_steps import Step
from backend.database.core import Sessions
from backend.feed import additions
from backend.feed.additions import NotAdded
from backend.feed.models import FeedHead
from backend.feed.publication import publish_queued
from backend.identity import audit
from backend.sync import push, push_reads
from tests.databases import engine_of, prepared
from tests.examples import with_shared_fixtures
from tests.stateful.histories.stepping import Writer
from tests.unit.sync.company import customer, master_data, order_body, reps, say, submission
from tests.unit.sync.prices import limit, price, price_list
from tests.unit.sync.pushing import A, B, C, send, stored
from tests.unit.sync.replica import NOW, Replica

D, E = "01KB0000000000000000000004", "01KB0000000000000000000005"
RECEIPT = "sha256:" + "a" * 64
WITHDRAWAL = {"submission_id": A, "reason": None}


@pytest.fixture
def sessions(postgres_url: str) -> Iterator[Sessions]:
    """Sessions on PostgreSQL, with two orders of R1 and one of R2 that are stored already."""
    maker = prepared(postgres_url)
    reps(maker)
    master_data(maker)
    say(maker, price_list("L1"), price("p1", "10.00"), limit(), customer("C3", "NW", price_list_id="L1"))
    send(maker, submission(A, order_body()), submission(B, order_body(notes="😀")))
    send(maker, submission(E, order_body("C2")), rep="R2", device="D2")
    yield maker
    engine_of(maker).dispose()


def at_once(session: Session, *documents: Any) -> list[Any]:
    parsed = push.parsed(list(documents))
    reads = push_reads.read(session, "R1", parsed, NOW)
    return push.store(
        session,
        rep_id="R1",
        device_id="D1",
        documents=parsed,
        reads=reads,
        loss=None,
        now=NOW,
        at_commit=True,
    )


def step_by_step(session: Session, *documents: Any) -> list[Any]:
    return push.push(session, rep_id="R1", device_id="D1", submissions=list(documents), now=NOW)


ROWS = (
    "SELECT to_jsonb(s) - 'seq' FROM submission s ORDER BY seq",
    "SELECT to_jsonb(h) - 'id' FROM submission_history h ORDER BY id",
    "SELECT to_jsonb(q) - 'id' FROM quarantined q ORDER BY id",
    "SELECT to_jsonb(f) - 'position' FROM feed f ORDER BY position",
    "SELECT to_jsonb(s) - 'head' FROM feed_stream s ORDER BY channel, collection",
    "SELECT s.head = max(f.position) FROM feed_stream s JOIN feed f USING (channel, collection)"
    " GROUP BY channel, collection, s.head ORDER BY channel, collection",
)
"""Everything that a push leaves, apart from numbers that the database gives."""


def left_by(sessions: Sessions, way: Any, documents: list[Any]) -> tuple[Any, ...]:
    with sessions() as session:
        results = way(session, *documents)
        publish_queued(session)
        rows = [session.scalars(text(query)).all() for query in ROWS]
        session.rollback()
    return results, *rows


SUM = "SELECT sum FROM feed_stream WHERE collection = 'submissions' AND"

notes = st.none() | st.text(max_size=5) | st.sampled_from(["😀", "\x07", "\x1f"])
bodies = st.builds(
    lambda customer, note, list_id, amount: {
        **order_body(customer, notes=note, price_list_id=list_id),
        "lines": [{**order_body()["lines"][0], "unit_price": amount}],
    },
    st.sampled_from(["C1", "C1", "C3", "C2", "C9"]),
    notes,
    st.sampled_from([None, "L1", "L9"]),
    st.sampled_from(["10.00", "0.01", "x"]),
)
extras = st.sampled_from(
    [{}, {}, {"needs": [RECEIPT]}, {"supersedes": A}, {"depends_on": [A]}, {"kind": "poem"}, {"newer": 2**70}]
)
orders = st.builds(
    lambda id, body, extra: submission(id, body, **extra), st.sampled_from([A, B, C, D, E]), bodies, extras
)
others = st.sampled_from(
    [
        submission(B, order_body(notes="😀")),
        submission(D, WITHDRAWAL, "withdrawal", supersedes=A, schema=2),
        {"id": C},
        "no document",
    ]
)


# Each example is two pushes of up to four documents on PostgreSQL.
@with_shared_fixtures(0.4)
@given(st.lists(orders, max_size=4) | st.lists(orders | others, max_size=4))
def test_both_ways_give_the_same_results_and_leave_the_same_rows(
    sessions: Sessions, documents: list[Any]
) -> None:
    assert left_by(sessions, at_once, documents) == left_by(sessions, step_by_step, documents)


def test_new_documents_are_stored_in_one_statement_with_their_records(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        at_once(session, submission(C, order_body()), submission(D, order_body()))
        assert {C, D}.isdisjoint(stored(sessions))
        assert session.scalar(text("SELECT count(*) FROM submission")) == 3
    assert stored(sessions).keys() == {A, B, C, D, E}
    records = Replica(sessions, "R1").sync().records("submissions")
    assert records.keys() == {A, B, C, D}


@pytest.mark.parametrize("commits", [True, False])
def test_an_id_that_another_transaction_is_storing_is_waited_for(sessions: Sessions, commits: bool) -> None:
    with sessions() as ahead:
        push.push(ahead, rep_id="R2", device_id="D2", submissions=[submission(D, order_body("C2"))], now=NOW)
        both = [submission(C, order_body()), submission(D, order_body())]
        behind = Writer(sessions, lambda session: at_once(session, *both))
        behind.runs_until_it_waits()
        # It does not wait with the feed's lock, which the other one needs for its commit.
        if commits:
            ahead.commit()
    behind.finish()
    if commits:
        assert isinstance(behind.error, NotAdded)
        assert C not in stored(sessions)
        # Repeated step by step, the other documents are stored, and the one that is taken is quarantined.
        results = send(sessions, *both)
        assert [result["status"] for result in results] == ["received", "quarantined"]
    else:
        assert behind.error is None
        assert {C, D} <= stored(sessions).keys()
    assert Replica(sessions, "R1").sync().records("submissions").keys() >= {A, B, C}


def test_nothing_is_stored_at_once_after_a_standby_was_promoted(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        session.execute(update(FeedHead).values(lineage="7/00000001"))
    with pytest.raises(NotAdded), sessions() as session, session.begin():
        at_once(session, submission(C, order_body()))
    assert C not in stored(sessions)


def test_an_addition_and_other_changes_are_published_together(sessions: Sessions) -> None:
    """Another part of the transaction may publish too; then the records go into the feed step by step."""
    with sessions() as session, session.begin():
        at_once(session, submission(C, order_body()))
        step_by_step(session, submission(D, order_body()))
    assert Replica(sessions, "R1").sync().records("submissions").keys() == {A, B, C, D}


def test_a_rollback_forgets_what_was_to_be_added(sessions: Sessions) -> None:
    with sessions() as session:
        at_once(session, submission(C, order_body()))
        session.rollback()
        step_by_step(session, submission(D, order_body()))
        session.commit()
    assert stored(sessions).keys() == {A, B, D, E}


def test_an_addition_is_committed_with_the_steps_that_come_after_it(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without later steps the statement that adds also commits; with one, the commit has to wait for it."""

    def fail(*arguments: Any) -> None:
        raise LookupError

    monkeypatch.setattr(commit_steps._steps[Step.AUDIT], "write", fail)
    with pytest.raises(LookupError), sessions() as session, session.begin():
        at_once(session, submission(C, order_body()))
        audit.record(session, actor="server", action="a", subject="s", now=NOW)
    assert stored(sessions).keys() == {A, B, E}
    assert Replica(sessions, "R1").sync().records("submissions").keys() == {A, B}


def test_a_transaction_has_one_addition_and_none_in_a_savepoint(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        with pytest.raises(RuntimeError, match="one addition"), session.begin_nested():
            at_once(session, submission(C, order_body()))
        at_once(session, submission(C, order_body()))
        with pytest.raises(RuntimeError, match="one addition"):
            at_once(session, submission(D, order_body()))
    assert stored(sessions).keys() == {A, B, C, E}


@pytest.mark.parametrize("total", [2**63 - 1, -(2**63), 0])
def test_a_sum_wraps_at_64_bits(sessions: Sessions, total: int) -> None:
    sums = []
    for way in (at_once, step_by_step):
        with sessions() as session:
            session.execute(text("UPDATE feed_stream SET sum = :total"), {"total": total})
            way(session, submission(C, order_body()), submission(D, order_body()))
            publish_queued(session)
            sums.append(session.scalar(text(f"{SUM} channel = 'rep:R1'")))
            session.rollback()
    assert sums[0] == sums[1] != total


@pytest.mark.parametrize("value", ["a\x1fb", "\x1e", "a\x1e"])
def test_a_value_that_would_be_split_is_not_stored_at_once(value: str) -> None:
    with pytest.raises(NotAdded):
        additions._joined(["a", value, None])


@pytest.mark.parametrize("values", [[""], [None], ["", ""], ["a", None], [1, -2], ["\n😀", "x"]])
def test_values_are_split_as_they_were_joined(sessions: Sessions, values: list[Any]) -> None:
    query = text("SELECT string_to_array(:joined, chr(31), chr(30))")
    with sessions() as session:
        split = session.scalar(query, {"joined": additions._joined(values)})
    assert split == [*(None if value is None else str(value) for value in values), ""]
