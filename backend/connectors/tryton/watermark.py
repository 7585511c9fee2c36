"""How far a collection has been read, as text that travels through Satchel unread.

A collection is read in turns. The first turn goes through all its roots (the records of Tryton that
its own are made of) by id. Later turns follow the stamps of every model that matters, each by
(stamp, id). What was found but did not fit into one answer waits in `todo`.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any, Self

VERSION = 2

Place = tuple[str | None, int]
"""Where a row stands among those of its model: its stamp (None where rows are followed by id) and id."""


@dataclass
class Cursor:
    """How far one model has been followed: all up to (stamp, id) has been seen."""

    stamp: str | None
    """Naive, as Tryton gives it; None for models that are followed by id alone."""
    id: int
    since: float
    """When (our clock, seconds) a turn first ended here."""
    settled: bool = False
    """Whether it was looked back once, after the slowest transaction must have ended."""
    print: str = ""
    """Of a trigger that touches everything: a fingerprint of the rows that a look back will meet again."""


@dataclass
class Watermark:
    """Everything a reading needs to go on."""

    cursors: list[Cursor] = field(default_factory=list)
    """One per trigger of the collection, in their order."""
    full_at: float = 0.0
    """When (our clock, seconds) everything was last read from the start."""
    after: int | None = None
    """The last root id of a full turn that is under way."""
    trigger: int | None = None
    """The trigger that a following turn has come to, if one is under way."""
    place: Place | None = None
    """Where in that trigger's model it stands."""
    began: float = 0.0
    todo: list[int] = field(default_factory=list)
    """Roots that must be read (again)."""
    skip: int = 0
    """Records of the first roots in `todo` that were handed out already."""
    ending: bool = False
    """True once a full turn has no more roots but `todo`."""
    total: int | None = None
    """How many records the full turn that is under way gives in all, where that is known."""

    def text(self) -> str:
        """Return it as it is stored."""
        cursors = [[c.stamp, c.id, c.since, c.settled, c.print] for c in self.cursors]
        return json.dumps([
            VERSION, cursors, self.full_at, self.after, self.trigger, self.place, self.began, self.todo,
            self.skip, self.ending, self.total,
        ], separators=(",", ":"))  # fmt: skip

    @classmethod
    def parse(cls, text: str | None, triggers: int) -> Self | None:
        """Return what *text* says; None where there is none or it is of another version of this code."""
        try:
            version, cursors, full_at, after, trigger, place, began, todo, skip, ending, total = json.loads(
                text or ""
            )
            if version != VERSION or len(cursors) != triggers:
                return None
            return cls(
                [Cursor(*c) for c in cursors], full_at, after, trigger, tuple(place) if place else None, began,
                todo, skip, ending, total,
            )  # fmt: skip
        except (ValueError, TypeError):
            return None


def stamp_text(stamp: Any) -> str:
    """Return a stamp of Tryton's as text that sorts as it does."""
    if not isinstance(stamp, dt.datetime):
        raise TypeError("a stamp is missing")
    return stamp.isoformat(timespec="microseconds")


def earlier(stamp: str, seconds: float) -> str:
    """Return the stamp *seconds* before *stamp*."""
    return stamp_text(dt.datetime.fromisoformat(stamp) - dt.timedelta(seconds=seconds))
