"""How far a collection has been read, as text that is opaque to the rest of Satchel.

A full read covers all roots (the records of Tryton from which the collection's records are made) by id. The
incremental reads after it follow the stamps of every relevant model, by (stamp, id). Roots that were found and
did not fit into one page wait in `todo`.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any, Self

VERSION = 3
WITHOUT_HORIZON = 2
"""The version before; an unfinished incremental read of it begins again."""

Place = tuple[str | None, int]
"""The position of a row among those of its model: its stamp (None if rows are followed by id) and its id."""


@dataclass
class Cursor:
    """How far one model has been followed: all rows up to (stamp, id) have been read."""

    stamp: str | None
    """Without a zone, as in Tryton; None for models that are followed by id."""
    id: int
    since: float
    """When an incremental read first ended here, in seconds of our clock."""
    settled: bool = False
    """Whether the overlap was read again after the slowest transaction must have ended."""
    print: str = ""
    """For a trigger that changes everything: a fingerprint of the rows in the overlap."""


@dataclass
class Watermark:
    """Everything that is needed to continue a read."""

    cursors: list[Cursor] = field(default_factory=list)
    """One per trigger of the collection, in their order."""
    full_at: float = 0.0
    """When everything was last read from the start, in seconds of our clock."""
    after: int | None = None
    """The last root id that an unfinished full read has reached."""
    trigger: int | None = None
    """The index of the trigger that an unfinished incremental read has reached."""
    place: Place | None = None
    """The position in that trigger's model."""
    horizon: Place | None = None
    """The newest position in that model before a read of several calls; None for a read of one call."""
    began: float = 0.0
    todo: list[int] = field(default_factory=list)
    """Roots that must be read (again)."""
    skip: int = 0
    """Records of the first roots in `todo` that were returned already."""
    ending: bool = False
    """True once a full read has no roots left except `todo`."""
    total: int | None = None
    """Number of records of the unfinished full read, if it is known."""

    def text(self) -> str:
        """Return the watermark as text."""
        cursors = [[c.stamp, c.id, c.since, c.settled, c.print] for c in self.cursors]
        return json.dumps([
            VERSION, cursors, self.full_at, self.after, self.trigger, self.place, self.began, self.todo,
            self.skip, self.ending, self.total, self.horizon,
        ], separators=(",", ":"))  # fmt: skip

    @classmethod
    def parse(cls, text: str | None, triggers: int) -> Self | None:
        """Return the watermark in *text*; None if there is none or another version of this code wrote it."""
        try:
            version, cursors, full_at, after, trigger, place, began, todo, skip, ending, total, *more = (
                json.loads(text or "")
            )
            if version == WITHOUT_HORIZON:
                trigger, place, more = None, None, [*more, None]
            elif version != VERSION:
                return None
            [horizon] = more
            if len(cursors) != triggers:
                return None
            return cls(
                [Cursor(*c) for c in cursors], full_at, after, trigger, _place(place), _place(horizon), began,
                todo, skip, ending, total,
            )  # fmt: skip
        except (ValueError, TypeError):
            return None


def _place(value: Any) -> Place | None:
    return tuple(value) if value else None


def stamp_text(stamp: Any) -> str:
    """Return a stamp of Tryton as text with the same order."""
    if not isinstance(stamp, dt.datetime):
        raise TypeError("a stamp is missing")
    return stamp.isoformat(timespec="microseconds")


def earlier(stamp: str, seconds: float) -> str:
    """Return the stamp *seconds* before *stamp*."""
    return stamp_text(dt.datetime.fromisoformat(stamp) - dt.timedelta(seconds=seconds))
