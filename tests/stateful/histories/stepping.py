"""Two writers stepped by hand: who runs, and who waits, without luck. All waits are bounded."""

import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from tests.eventually import SECONDS


class Writer:
    """A transaction in a thread of its own: `work(session)`, then the commit."""

    def __init__(self, sessions: Sessions, work: Callable[[Session], Any]) -> None:
        """Start at once, on a connection of its own."""
        self.error: Exception | None = None
        self._sessions, self._work = sessions, work
        self._backend = 0
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._begun.wait(SECONDS), "the writer did not begin"

    def _run(self) -> None:
        try:
            with self._sessions() as session, session.begin():
                self._backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
                self._begun.set()
                self._work(session)
        except Exception as error:
            self.error = error
        finally:
            self._begun.set()

    def runs_until_it_waits(self) -> None:
        """Return when another transaction blocks this one, or when it is through."""
        deadline = time.monotonic() + SECONDS
        while self._thread.is_alive() and not self._is_blocked():
            assert time.monotonic() < deadline, "the writer neither ended nor waited"
            self._thread.join(0.005)

    def finish(self) -> None:
        """Wait until it is through; its error, if it had one, is in `error`."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the writer did not end"

    def _is_blocked(self) -> bool:
        with self._sessions() as session:
            query = text("SELECT cardinality(pg_blocking_pids(:pid))")
            return bool(session.execute(query, {"pid": self._backend}).scalar_one())
