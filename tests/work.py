"""The work of a call, counted and not timed: calls of functions, statements of SQL, comparisons of texts."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

SLACK = 1.15
"""Doubling the input may cost this much more than twice the work: growth of lists, a sort."""


@dataclass
class Work:
    """What has been counted."""

    calls: int = 0
    statements: int = 0
    rows: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Count the calls of this thread, of Python and of C, and the statements of every engine."""
    work = Work()

    def profile(frame: Any, kind: str, argument: Any) -> None:
        work.calls += kind in ("call", "c_call")

    def note(*arguments: Any) -> None:
        work.statements += 1

    def fetched(connection: Any, cursor: Any, *arguments: Any) -> None:
        work.rows += max(cursor.rowcount, 0)

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "after_cursor_execute", fetched)
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield work
    finally:
        sys.setprofile(before)
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "after_cursor_execute", fetched)


def require_linear(ask: Callable[[int], Any], n: int) -> None:
    """Run *ask* with *n* and with 2 *n*; fail if the second needs more than twice the work of the first.

    A first call fills caches and is not counted. The work that does not depend on *n* makes the test stricter
    by nothing, and so *n* must be large.
    """
    ask(n // 2)
    works = []
    for size in (n, 2 * n):
        with counted() as work:
            ask(size)
        works.append(work)
    first, second = works
    assert second.calls <= 2 * SLACK * first.calls + 200, (n, first, second)
    assert second.statements <= 2 * first.statements + 5, (n, first, second)


class CountedText(str):
    """A text that counts how often it is compared or hashed."""

    __slots__ = ()
    uses = 0

    def __eq__(self, other: object) -> bool:
        CountedText.uses += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        CountedText.uses += 1
        return str.__hash__(self)
