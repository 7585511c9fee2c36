"""Conditions of rules as source text: one generated function tells whether a document breaks any of its rules.

It says what `sync_protocol.condition` says of each condition, and `Rules.faults` finds the faults by that. Most
documents break none.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from sync_protocol.condition import Condition
from sync_protocol.generated import function, indented
from sync_protocol.json_types import Record

_WORDS = frozenset({"equals", "same", "before", "zero", "exceeds", "all", "any", "not"})


class ConditionCode:
    """Writes the expressions of conditions, and the lines that find the records which they read."""

    def __init__(self, records: dict[str, tuple[str, str]]) -> None:
        """*records* as in `Rules.records`."""
        self._records = records
        self._count = 0
        self.lines: list[str] = []
        """What must run before the expressions that were asked for since the last `take_lines`."""
        self._found: set[str] = set()

    def take_lines(self) -> list[str]:
        """Return `lines`, which are empty from now on; records that were found stay found."""
        taken, self.lines = self.lines, []
        return taken

    def forget(self, names: Collection[str]) -> None:
        """Find the records *names* again when they are needed: their keys are in another line."""
        self._found -= set(names)

    @property
    def of_lines(self) -> set[str]:
        """The records whose key depends on the line."""
        return {name for name in self._records if self._depends_on_line(name)}

    def _depends_on_line(self, name: str) -> bool:
        _, path = self._records[name]
        source, dot, _ = path.partition(".")
        return bool(dot) and (source == "line" or self._depends_on_line(source))

    def value(self, path: str) -> str:
        """Return the expression of the value at *path*."""
        name, dot, inner = path.partition(".")
        if not dot:
            return "str(total())" if path == "total" else f"body.get({path!r})"
        if name == "line":
            return f"line.get({inner!r})"
        self._find(name)
        return f"record_{name}.get({inner!r})"

    def _find(self, name: str) -> None:
        if name in self._found:
            return
        collection, path = self._records[name]
        key = self.value(path)
        self._found.add(name)
        self.lines += [
            f"key = {key}",
            f"record_{name} = (find({collection!r}, key) if key is not None else None) or nothing",
        ]

    def _name(self) -> str:
        self._count += 1
        return f"value_{self._count}"

    def of(self, condition: Condition) -> str:
        """Return the expression that is true if *condition* is."""
        word, *arguments = condition
        if word not in _WORDS:
            raise ValueError(f"no such condition: {word}")
        written: str = getattr(self, f"_{word}")(*arguments)
        return f"({written})"

    def _equals(self, path: str, expected: Any) -> str:
        return f"{self.value(path)} == {expected!r}"

    def _same(self, first: str, second: str) -> str:
        name = self._name()
        return f"({name} := {self.value(first)}) is not None and {name} == {self.value(second)}"

    def _before(self, first: str, second: str) -> str:
        begin, end = self._name(), self._name()
        return f"({begin} := {self.value(first)}) and ({end} := {self.value(second)}) and {begin} < {end}"

    def _zero(self, path: str) -> str:
        name = self._name()
        return f"({name} := {self.value(path)}) is not None and Decimal({name}) == 0"

    def _exceeds(self, parts: Collection[str], most: str) -> str:
        limit, numbers = self._name(), self._name()
        values = "".join(f"{self.value(path)}, " for path in parts)
        return (
            f"({limit} := {self.value(most)}) is not None and None not in ({numbers} := ({values}))"
            f" and sum(map(Decimal, {numbers}), zero) > Decimal({limit})"
        )

    def _all(self, *conditions: Condition) -> str:
        return " and ".join(map(self.of, conditions)) or "True"

    def _any(self, *conditions: Condition) -> str:
        return " or ".join(map(self.of, conditions)) or "False"

    def _not(self, condition: Condition) -> str:
        return f"not {self.of(condition)}"


IsBroken = Callable[..., bool]
"""(body, find, total) → whether one of the conditions is true."""


def any_true(
    records: dict[str, tuple[str, str]], conditions: list[Condition], of_lines: list[Condition]
) -> IsBroken:
    """Return the function that says whether one of *conditions*, or one of *of_lines* for a line, is true."""
    code = ConditionCode(records)
    lines = ["line = nothing"]
    for condition in conditions:
        expression = code.of(condition)
        lines += [*code.take_lines(), f"if {expression}: return True"]
    code.forget(code.of_lines)
    inside: list[str] = []
    for condition in of_lines:
        expression = code.of(condition)
        inside += [*code.take_lines(), f"if {expression}: return True"]
    if inside:
        lines += ["for line in body['lines']:", *indented(inside)]
    nothing: Record = {}
    return function(
        "any_true",
        "body, find, total",
        [*lines, "return False"],
        {"nothing": nothing, "Decimal": Decimal, "zero": Decimal(0)},
    )
