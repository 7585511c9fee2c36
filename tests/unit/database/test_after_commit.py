"""What is to be done after a commit is done once, and not after a rollback."""

import pytest

from backend.database.core import Sessions, after_commit


def test_it_is_done_once_after_the_commit(sessions: Sessions) -> None:
    done: list[str] = []
    with sessions() as session:
        with session.begin():
            after_commit(session, lambda: done.append("a"))
            with session.begin_nested():
                after_commit(session, lambda: done.append("b"))
            assert done == []
        assert done == ["a", "b"]
        with session.begin():
            pass
    assert done == ["a", "b"]


def test_it_is_not_done_after_a_rollback(sessions: Sessions) -> None:
    done: list[str] = []
    with sessions() as session:
        with pytest.raises(LookupError), session.begin():
            after_commit(session, lambda: done.append("a"))
            raise LookupError
        with session.begin():
            after_commit(session, lambda: done.append("b"))
    assert done == ["b"]
