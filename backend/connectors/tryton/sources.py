"""Base classes of what is read: a source has roots, and triggers that say when to read a root again."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.watermark import Place, stamp_text

ANY: Domain = ["active", "in", [True, False]]
"""The clause that includes deactivated records. Tryton needs it on every level of a nested domain, so use it in
flat domains only."""

BESIDE = 1000
"""How far from a page other roots are searched if none of its own can be read."""

Roots = Callable[[Client, list[Row]], list[int]]


class Trigger:
    """A model whose changed rows mean that roots must be read again."""

    def __init__(
        self,
        model: str,
        roots: Callable[[Client, list[Row]], Iterable[int]],
        fields: Iterable[str] = (),
        *,
        domain: Domain | None = None,
        stamp: str | None = "last_modified_at",
        everything: bool = False,
    ) -> None:
        """*roots* maps changed rows (with *fields*) to root ids. *everything*: a change affects all roots."""
        self.model = model
        self.roots = roots
        self.fields = tuple(fields)
        self.domain = domain or []
        self.stamp = stamp
        self.everything = everything

    @property
    def order(self) -> list[tuple[str, str]]:
        """The order in which its rows are followed."""
        return [(self.stamp, "ASC"), ("id", "ASC")] if self.stamp else [("id", "ASC")]

    def after(self, place: Place) -> Domain:
        """Return the domain of the rows after *place*."""
        stamp, last = place
        if not self.stamp:
            return [*self.domain, ["id", ">", last]]
        moment = dt.datetime.fromisoformat(stamp or "1970-01-01")
        newer: Domain = ["OR", [self.stamp, ">", moment], [[self.stamp, "=", moment], ["id", ">", last]]]
        return [*self.domain, newer]

    def place_of(self, row: Row) -> Place:
        """Return the position of *row*."""
        return (stamp_text(row[self.stamp]) if self.stamp else None, row["id"])


class Source(ABC):
    """The source of a collection. There is one subclass per collection, in `reads/`."""

    collection: str
    model: str
    """The model of the roots."""
    triggers: tuple[Trigger, ...] = ()
    records_per_root: int = 1
    """Approximate number, so that a page is not much larger than requested."""
    snapshot: bool = False
    """Whether its figures may change although no row changes (dates pass, formulas use other data)."""

    @abstractmethod
    def domain(self, client: Client) -> Domain:
        """Return the domain of the roots of the collection."""

    @abstractmethod
    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        """Yield the rows of the records of *roots*; for a root that does not belong, the keys that are gone."""

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        """Return the keys of the records of *roots*, which all belong to the collection."""
        return [str(root) for root in roots]

    def roots_of(self, client: Client, keys: Iterable[str]) -> list[int]:
        """Return the roots of the records *keys*, each once. A key is, or begins with, the id of its root."""
        heads = {key.partition("-")[0] for key in keys}
        return sorted(int(head) for head in heads if head.isascii() and head.isdigit() and len(head) < 16)

    def ids(self, client: Client, after: int, limit: int) -> list[int]:
        """Return up to *limit* ids of roots above *after*."""
        return client.search(self.model, [*self.domain(client), ["id", ">", after]], limit=limit)

    def count(self, client: Client) -> int | None:
        """Return the number of records if one call gives it, else None."""
        return client.count(self.model, self.domain(client)) if self.records_per_root == 1 else None

    def beside(self, client: Client, roots: list[int]) -> list[int]:
        """Return a few roots that are not among *roots*, from the start and from after them, near and far."""
        chosen: dict[int, None] = {}
        for after in (-1, max(roots)):
            ids = [root for root in self.ids(client, after, BESIDE + len(roots)) if root not in set(roots)]
            chosen |= dict.fromkeys(ids[n] for n in (0, len(ids) // 2, -1) if ids)
        return list(chosen)


def same(name: str = "id") -> Roots:
    """Return a `roots` function that uses field *name* of each row."""

    def roots(client: Client, rows: list[Row]) -> list[int]:
        return [row[name] for row in rows if row[name] is not None]

    return roots


def found_by(model: str, field: str, *also: Domain, of: str = "id") -> Roots:
    """Return a `roots` function that searches *model* for *field* in the rows' *of*, with clauses *also*."""

    def roots(client: Client, rows: list[Row]) -> list[int]:
        ids = sorted({row[of] for row in rows if row[of] is not None})
        return client.search(model, [[field, "in", ids], *also]) if ids else []

    return roots


def by_id(rows: list[Row]) -> dict[int, Row]:
    """Return *rows* by their ids."""
    return {row["id"]: row for row in rows}


def flat(rows: Iterable[Row], *names: str) -> list[int]:
    """Return all ids in the x2many fields *names* of *rows*, each once."""
    return sorted({item for row in rows for name in names for item in row[name] or ()})
