"""From the rows of Tryton to records, one bad row at a time.

A page that Tryton cannot serve is halved until the one row is found that breaks it; a row that cannot
be translated is told apart from its neighbours. Either way the page goes on without it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backend.connectors.tryton.errors import InvalidReply, TrytonRefusal
from backend.connectors.tryton.mapping.text import Untranslatable
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.rows import BadRow, RawRow

MAX_BROKEN = 8
"""So many rows that break a page are told apart for sure; a page with more of them costs no more calls."""
NOT_TOLD_APART = "Tryton cannot serve this row or one beside it; it is tried again by itself"


class Item(NamedTuple):
    """What one record is made of; None for one that is not, or no longer, of the collection."""

    key: str
    raw: dict[str, Any] | None


@dataclass
class Translated:
    """The records of some roots, not validated, each beside the rows that it was made of."""

    records: list[dict[str, Any]] = field(default_factory=list)
    sources: list[RawRow] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def add(self, other: "Translated") -> None:
        """Take in *other*."""
        self.records += other.records
        self.sources += other.sources
        self.gone += other.gone
        self.bad += other.bad


Mapping = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the rows of one record into the record."""
Fetch = Callable[[list[int]], Iterable[Item]]
Others = Callable[[], Iterable[int]]
"""Returns some roots of the collection beside those of the page."""


def translate(collection: str, record: Mapping, fetch: Fetch, ids: list[int], others: Others) -> Translated:
    """Return the records of the roots *ids*, in the order of their roots, each made by *record*.

    A page that cannot be served is halved, down to the row, in at most `most_calls` calls; what is not told
    apart by then is set aside together. Where none of it can be served, *others* are tried one by one: only if
    none of those is served either are the rows not to blame. Raises `ErpError` if Tryton cannot be reached or
    refuses the call as such, not for single rows.
    """
    found, served, calls = Translated(), False, 0
    todo = [ids]
    refused: ErpError | None = None
    while todo:
        part = todo.pop()
        if refused is not None and calls >= most_calls(len(ids)):
            found.bad += [BadRow(str(root), NOT_TOLD_APART, refused.raw) for root in part]
            continue
        calls += 1
        try:
            found.add(_translate(record, fetch(part)))
            served = True
        except (TrytonRefusal, InvalidReply) as error:
            if isinstance(error, TrytonRefusal) and _of_the_call(error):
                raise
            refused = error
            if len(part) > 1:
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]
            else:
                found.bad.append(BadRow(str(part[0]), error.message, error.raw))
    if refused is not None and not served and _blames_the_call(refused):
        # One row alone proves nothing, and neither does a page while others of the collection can be read.
        beside = list(others())
        if (beside or len(ids) > 1) and not _any_served(fetch, beside):
            raise _not_the_rows(collection, refused)
    return found


def _any_served(fetch: Fetch, roots: Iterable[int]) -> bool:
    """Say whether Tryton serves one of *roots*, each asked for by itself; raises what is not for rows."""
    for root in roots:
        try:
            for _ in fetch([root]):
                pass
        except (TrytonRefusal, InvalidReply) as error:
            if isinstance(error, TrytonRefusal) and _of_the_call(error):
                raise
        else:
            return True
    return False


def _blames_the_call(refused: ErpError) -> bool:
    """Say whether *refused*, met with every row, may come of the call: a field that Tryton does not have."""
    return isinstance(refused, InvalidReply) or (
        isinstance(refused, TrytonRefusal) and refused.rule == "server_fault"
    )


def _not_the_rows(collection: str, refused: ErpError) -> ErpError:
    if isinstance(refused, InvalidReply):
        return refused
    words = (
        f"{refused.message} No row of {collection} can be read, so it is not the rows: a module or field is "
        f"lacking in Tryton, or broken ({refused.raw[:200]})"
    )
    return ErpError(ErrorClass.CONFIG, words, raw=refused.raw)


def most_calls(rows: int) -> int:
    """Return how many calls may be spent on a page of *rows*: enough to find `MAX_BROKEN` that break it."""
    return 1 + 2 * MAX_BROKEN * max(rows - 1, 1).bit_length()


def _of_the_call(refused: TrytonRefusal) -> bool:
    return refused.error_class is ErrorClass.TRANSIENT or refused.rule in ("access", "login")


def _translate(record: Mapping, items: Iterable[Item]) -> Translated:
    found = Translated()
    for key, raw in items:
        if raw is None:
            found.gone.append(key)
            continue
        source = RawRow(key, raw)
        try:
            found.records.append(record(raw))
            found.sources.append(source)
        except Untranslatable as error:
            found.bad.append(source.bad(str(error)))
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
            found.bad.append(source.bad(f"cannot be read: {type(error).__name__} {error}"[:500]))
    return found
