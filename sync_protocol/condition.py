"""Conditions of rules (`sync_protocol.rule`): data that is compiled into functions.

A condition is a tuple of a word and its arguments:

| condition                            | is true if                                                        |
|--------------------------------------|-------------------------------------------------------------------|
| `("equals", path, value)`            | the value at the path is *value*; a missing one equals None       |
| `("same", path, path)`               | both values are equal and not null                                |
| `("before", path, path)`             | the first date is before the second                               |
| `("zero", path)`                     | the decimal is 0                                                  |
| `("exceeds", (path, …), path)`       | the sum of the decimals is more than the last one                 |
| `("all", …)` `("any", …)` `("not", …)` | all, any, or not the one condition is true                      |

A comparison with a null or unknown value is false: what is not known breaks no rule. A path is a field of the
body (`order_date`), of the line (`line.unit_price`), of a record (`customer.name`), or `total`.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from itertools import repeat
from operator import call
from typing import Any

from sync_protocol.json_types import Body, BodyLine

Condition = tuple[Any, ...]
Find = Callable[[str, str], Mapping[str, Any] | None]
"""(collection, key) → the record, or None."""


class Scope:
    """The values of a document, of one of its lines, and of the records that they name."""

    __slots__ = ("_find", "_objects", "_references", "body", "total")

    def __init__(
        self,
        references: Mapping[str, tuple[str, str]],
        body: Body,
        line: BodyLine,
        find: Find,
        total: Callable[[], Decimal],
    ) -> None:
        self.body, self.total = body, total
        self._references, self._find = references, find
        self._objects: dict[str, Mapping[str, Any]] = {"line": line}

    def object(self, name: str) -> Mapping[str, Any]:
        """Return the line or the record *name*, whose keys are its fields; an empty one if there is none."""
        known = self._objects.get(name)
        if known is None:
            collection, key_path = self._references[name]
            key = reader(key_path)(self)
            known = self._objects[name] = (self._find(collection, key) if key is not None else None) or {}
        return known


@cache
def reader(path: str) -> Callable[[Scope], Any]:
    """Return the function that reads the value at *path*, None if there is none."""
    name, dot, inner = path.partition(".")
    if dot:
        return lambda scope: scope.object(name).get(inner)
    if path == "total":
        return lambda scope: str(scope.total())
    return lambda scope: scope.body.get(path)


def compile_condition(condition: Condition) -> Callable[[Scope], bool]:
    """Return the function that says whether *condition* is true."""
    word, *arguments = condition
    return _WORDS[word](*arguments)


def _equals(path: str, expected: Any) -> Callable[[Scope], bool]:
    value = reader(path)
    return lambda scope: bool(value(scope) == expected)


def _same(first: str, second: str) -> Callable[[Scope], bool]:
    one_value, other_value = reader(first), reader(second)

    def is_true(scope: Scope) -> bool:
        value = one_value(scope)
        return value is not None and bool(value == other_value(scope))

    return is_true


def _before(first: str, second: str) -> Callable[[Scope], bool]:
    earlier, later = reader(first), reader(second)

    def is_true(scope: Scope) -> bool:
        # Dates of the wire compare as text.
        begin, end = earlier(scope), later(scope)
        return bool(begin and end and begin < end)

    return is_true


def _zero(path: str) -> Callable[[Scope], bool]:
    amount = reader(path)

    def is_true(scope: Scope) -> bool:
        text = amount(scope)
        return text is not None and Decimal(text) == 0

    return is_true


def _exceeds(parts: Iterable[str], most: str) -> Callable[[Scope], bool]:
    limit, readers = reader(most), [reader(path) for path in parts]

    def is_true(scope: Scope) -> bool:
        most_allowed = limit(scope)
        if most_allowed is None:
            return False
        numbers = [read(scope) for read in readers]
        return None not in numbers and sum(map(Decimal, numbers), Decimal(0)) > Decimal(most_allowed)

    return is_true


def _all(*conditions: Condition) -> Callable[[Scope], bool]:
    compiled = [compile_condition(condition) for condition in conditions]

    def is_true(scope: Scope) -> bool:
        # No generator: most rules of an order and of each of its lines come here.
        return all(map(call, compiled, repeat(scope)))

    return is_true


def _any(*conditions: Condition) -> Callable[[Scope], bool]:
    compiled = [compile_condition(condition) for condition in conditions]
    return lambda scope: any(is_true(scope) for is_true in compiled)


def _not(condition: Condition) -> Callable[[Scope], bool]:
    is_true = compile_condition(condition)
    return lambda scope: not is_true(scope)


_WORDS: dict[str, Callable[..., Callable[[Scope], bool]]] = {
    "equals": _equals,
    "same": _same,
    "before": _before,
    "zero": _zero,
    "exceeds": _exceeds,
    "all": _all,
    "any": _any,
    "not": _not,
}
