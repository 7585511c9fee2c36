"""Advisory locks on PostgreSQL: one holder for a name, until the transaction or the connection ends."""

import threading

from backend.database.core import Sessions
from backend.database.locks import advisory_lock, connection_lock, try_advisory_lock
from tests.eventually import SECONDS


def test_a_name_has_one_holder_until_the_transaction_ends(sessions: Sessions) -> None:
    with sessions() as first, sessions() as second:
        with first.begin():
            assert try_advisory_lock(first, "a")
            with second.begin():
                assert not try_advisory_lock(second, "a")
                assert try_advisory_lock(second, "b"), "another name is another lock"
        with second.begin():
            assert try_advisory_lock(second, "a")


def test_a_second_holder_waits(sessions: Sessions) -> None:
    acquired = threading.Event()

    def wait() -> None:
        with sessions() as second, second.begin():
            advisory_lock(second, "a")
            acquired.set()

    waiting = threading.Thread(target=wait)
    with sessions() as first, first.begin():
        advisory_lock(first, "a")
        waiting.start()
        assert not acquired.wait(0.3)
    assert acquired.wait(SECONDS)
    waiting.join()


def test_a_lock_of_a_connection_outlives_transactions_and_ends_with_the_block(sessions: Sessions) -> None:
    with sessions() as session:
        engine = session.get_bind().engine
    with connection_lock(engine, "build") as first:
        assert first
        with connection_lock(engine, "build") as second:
            assert not second
        with connection_lock(engine, "build") as third:
            assert not third, "the one that failed to get it must not release it"
    with connection_lock(engine, "build") as taken_again:
        assert taken_again
