"""From rows of Tryton to records, without the bad rows.

If Tryton cannot serve a page, it is halved until the row is found that breaks it. A row that cannot be
mapped is separated from the others. In both cases the rest of the page is read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backend.connectors.tryton.errors import InvalidReply, TrytonRefusal
from backend.connectors.tryton.mapping.text import Untranslatable
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.rows import BadRow, RawRow

MAX_BROKEN = 8
"""Up to this many rows that break a page are certainly identified. More of them cost no more calls."""
NOT_TOLD_APART = "Tryton cannot serve this row or one beside it; it is read again automatically"


class Item(NamedTuple):
    """The rows of one record; *raw* is None if it does not, or no longer, belong to the collection."""

    key: str
    raw: dict[str, Any] | None


@dataclass
class Translated:
    """The records of some roots (not validated) with their sources, deleted keys and bad rows."""

    records: list[dict[str, Any]] = field(default_factory=list)
    sources: list[RawRow] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def add(self, other: "Translated") -> None:
        """Append *other*."""
        self.records += other.records
        self.sources += other.sources
        self.gone += other.gone
        self.bad += other.bad


Mapping = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the rows of one record into the record."""
Fetch = Callable[[list[int]], Iterable[Item]]
Others = Callable[[], Iterable[int]]
"""Returns some roots of the collection that are not on the page."""


def translate(collection: str, record: Mapping, fetch: Fetch, ids: list[int], others: Others) -> Translated:
    """Return the records of the roots *ids*, in the order of their roots, each made by *record*.

    A page that cannot be served is halved, down to single rows, in at most `most_calls` calls; rows that
    are not identified by then become bad rows together. If no row can be served, *others* are tried one by
    one: if none of those can be served either, the call is to blame and not the rows.

    Raises:
        ErpError: Tryton cannot be reached or refuses the call as such; not for single rows.
    """
    page, served, calls = Translated(), False, 0
    todo = [ids]
    refused: ErpError | None = None
    while todo:
        part = todo.pop()
        if refused is not None and calls >= most_calls(len(ids)):
            page.bad += [BadRow(str(root), NOT_TOLD_APART, refused.raw) for root in part]
            continue
        calls += 1
        try:
            page.add(_served(record, fetch, part))
            served = True
        except (TrytonRefusal, InvalidReply) as error:
            if isinstance(error, TrytonRefusal) and _of_the_call(error):
                raise
            refused = error
            if len(part) > 1:
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]
            else:
                page.bad.append(BadRow(str(part[0]), error.message, error.raw))
    if refused is not None and not served and _blames_the_call(refused):
        # One row alone proves nothing, nor does a page while other rows of the collection can be read.
        other_roots = list(others())
        if (other_roots or len(ids) > 1) and not _any_served(fetch, other_roots):
            raise _not_the_rows(collection, refused)
    return page


def _any_served(fetch: Fetch, roots: Iterable[int]) -> bool:
    """Return whether Tryton serves one of *roots*, each requested alone. Raises errors of the call as such."""
    for root in roots:
        try:
            for _ in _items(fetch, [root]):
                pass
        except (TrytonRefusal, InvalidReply) as error:
            if isinstance(error, TrytonRefusal) and _of_the_call(error):
                raise
        else:
            return True
    return False


def _blames_the_call(refused: ErpError) -> bool:
    """Return whether *refused*, raised for every row, may be caused by the call, such as by a missing field."""
    return isinstance(refused, InvalidReply) or (
        isinstance(refused, TrytonRefusal) and refused.rule == "server_fault"
    )


def _not_the_rows(collection: str, refused: ErpError) -> ErpError:
    if isinstance(refused, InvalidReply):
        return refused
    message = (
        f"{refused.message} No row of {collection} can be read, so the rows are not to blame: a module or "
        f"field is missing in Tryton, or broken ({refused.raw[:200]})"
    )
    return ErpError(ErrorClass.CONFIG, message, raw=refused.raw)


def most_calls(rows: int) -> int:
    """Return the most calls for a page of *rows*: enough to find `MAX_BROKEN` that break it."""
    return 1 + 2 * MAX_BROKEN * max(rows - 1, 1).bit_length()


def _of_the_call(refused: TrytonRefusal) -> bool:
    return refused.error_class is ErrorClass.TRANSIENT or refused.rule in ("access", "login")


def _items(fetch: Fetch, roots: list[int]) -> list[Item]:
    """Return the rows of *roots*. A value that the reading cannot use makes the reply an `InvalidReply`."""
    try:
        return list(fetch(roots))
    except ErpError:
        raise
    except Exception as error:
        message = f"Tryton's rows contain a value that cannot be used: {type(error).__name__} {error}"[:500]
        raise InvalidReply(ErrorClass.TRANSIENT, message) from error


def _served(record: Mapping, fetch: Fetch, roots: list[int]) -> Translated:
    page = Translated()
    for key, raw in _items(fetch, roots):
        if raw is None:
            page.gone.append(key)
            continue
        source = RawRow(key, raw)
        try:
            page.records.append(record(raw))
            page.sources.append(source)
        except Untranslatable as error:
            page.bad.append(source.bad(str(error)))
        except Exception as error:
            page.bad.append(source.bad(f"cannot be read: {type(error).__name__} {error}"[:500]))
    return page
