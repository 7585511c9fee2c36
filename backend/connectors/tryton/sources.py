"""What a collection is made of: its roots, and the triggers that say when to read them again."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from backend.connectors.tryton.client import Client, Domain, Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.watermark import Place, stamp_text

ANY: Domain = ["active", "in", [True, False]]
"""The clause that brings deactivated records. Tryton wants it on every level of a nested domain, so use it
in flat ones only."""

BESIDE = 1000
"""So far beside a page are other roots looked for when none of its own can be read."""

Roots = Callable[[Client, list[Row]], list[int]]


class Trigger:
    """A model whose changes mean that roots must be read again."""

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
        """*roots* maps changed rows (with *fields*) to root ids; *everything*: a change touches all roots."""
        self.model = model
        self.roots = roots
        self.fields = tuple(fields)
        self.domain = domain or []
        self.stamp = stamp
        self.everything = everything

    @property
    def order(self) -> list[tuple[str, str]]:
        """How its rows are followed."""
        return [(self.stamp, "ASC"), ("id", "ASC")] if self.stamp else [("id", "ASC")]

    def after(self, place: Place) -> Domain:
        """Return the domain of the rows after *place*."""
        stamp, last = place
        if not self.stamp:
            return [*self.domain, ["id", ">", last]]
        moment = dt.datetime.fromisoformat(stamp) if stamp else dt.datetime(1970, 1, 1)  # noqa: DTZ001
        newer: Domain = ["OR", [self.stamp, ">", moment], [[self.stamp, "=", moment], ["id", ">", last]]]
        return [*self.domain, newer]

    def place_of(self, row: Row) -> Place:
        """Return where *row* stands."""
        return (stamp_text(row[self.stamp]) if self.stamp else None, row["id"])


class Source:
    """Where a collection comes from. One subclass per collection, in `reads/`."""

    collection: str
    model: str
    """Of the roots."""
    triggers: tuple[Trigger, ...] = ()
    records_per_root: int = 1
    """About how many, so that a page is not much larger than asked for."""
    snapshot: bool = False
    """Whether its figures may change without any row changing (dates pass, formulas look elsewhere)."""

    def domain(self, client: Client) -> Domain:
        """Return which roots belong to the collection."""
        raise NotImplementedError

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        """Yield what the records of *roots* are made of; a root that does not belong yields what is gone."""
        raise NotImplementedError

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        """Return the keys of the records of *roots*, which all belong."""
        return [str(root) for root in roots]

    def roots_of(self, client: Client, keys: Iterable[str]) -> list[int]:
        """Return the roots of the records *keys*, each once: a key is its root's id, or begins with it."""
        heads = {key.partition("-")[0] for key in keys}
        return sorted(int(head) for head in heads if head.isascii() and head.isdigit() and len(head) < 16)

    def ids(self, client: Client, after: int, limit: int) -> list[int]:
        """Return up to *limit* ids of roots above *after*."""
        return client.search(self.model, [*self.domain(client), ["id", ">", after]], limit=limit)

    def count(self, client: Client) -> int | None:
        """Return how many records there are, where one call tells; None where none does."""
        return client.count(self.model, self.domain(client)) if self.records_per_root == 1 else None

    def beside(self, client: Client, roots: list[int]) -> list[int]:
        """Return a few roots that are not among *roots*: from the start, from after them, near and far."""
        found: dict[int, None] = {}
        for after in (-1, max(roots)):
            ids = [root for root in self.ids(client, after, BESIDE + len(roots)) if root not in set(roots)]
            found |= dict.fromkeys(ids[n] for n in (0, len(ids) // 2, -1) if ids)
        return list(found)


def same(name: str = "id") -> Roots:
    """Return a `roots` that takes field *name* of each row as it is."""

    def roots(client: Client, rows: list[Row]) -> list[int]:
        return [row[name] for row in rows if row[name] is not None]

    return roots


def found_by(model: str, field: str, *also: Domain, of: str = "id") -> Roots:
    """Return a `roots` that searches *model*: its *field* among the rows' *of*, and the clauses *also*."""

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
