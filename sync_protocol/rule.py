"""Rules about a document, as data: the phone runs them at capture, and the server at push.

A rule is data and not a function, so that an app in another language runs the same rules; `as_json` writes them
for it, and `tests/contract/rules/` has cases that every implementation must answer alike.

A rule is broken if its condition (`sync_protocol.condition`) is true.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from sync_protocol.condition import Condition, Find, Scope, compile_condition, reader
from sync_protocol.condition_code import IsBroken, any_true
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body
from sync_protocol.sentence import PLACE, Sentence
from sync_protocol.wording import english

Severity = Literal["refusal", "warning"]
REFUSAL: Severity = "refusal"
"""The ERP would not accept the document: nothing is saved, or the push is refused."""
WARNING: Severity = "warning"
"""The ERP would hold or accept the document; the rep should know while the customer is there."""


@dataclass(frozen=True)
class Rule:
    """One rule. It is broken if *when* is true."""

    name: str
    severity: Severity
    code: ErrorCode
    field: str
    """The field to blame. `lines.unit_price` makes the rule one about each line."""
    when: Condition
    reason: str
    """The code of the sentence that says what is wrong; its places are paths, as `{customer.name}`."""

    @property
    def message(self) -> str:
        """The English template of the sentence."""
        return english(f"reason.{self.reason}")

    @property
    def of_lines(self) -> bool:
        """Whether the rule is about each line."""
        return self.field.startswith("lines.")


@dataclass(frozen=True)
class Rules:
    """The rules of a kind, and the records that they read."""

    records: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """name → (collection, path of the record's key): `product` → (`products`, `line.product_id`)."""
    rules: tuple[Rule, ...] = ()

    @cached_property
    def _compiled(self) -> dict[tuple[Severity, bool], list[tuple[Rule, Callable[[Scope], bool]]]]:
        """The rules with their conditions as functions, by severity and whether they are about lines."""
        compiled: dict[tuple[Severity, bool], list[tuple[Rule, Callable[[Scope], bool]]]] = defaultdict(list)
        for rule in self.rules:
            compiled[rule.severity, rule.of_lines].append((rule, compile_condition(rule.when)))
        return compiled

    @cached_property
    def _any_broken(self) -> dict[Severity, IsBroken]:
        """By severity, the generated function that says whether a document breaks any rule."""
        return {
            severity: any_true(
                dict(self.records),
                [rule.when for rule in self.rules if rule.severity == severity and not rule.of_lines],
                [rule.when for rule in self.rules if rule.severity == severity and rule.of_lines],
            )
            for severity in (REFUSAL, WARNING)
        }

    def cited(self, body: Body) -> Iterator[tuple[str, str]]:
        """Yield the (collection, key) of each record that the rules read for *body*, valid by its schema."""
        for collection, path in self.records.values():
            of_line = path.removeprefix("line.")
            objects = body.get("lines") or () if of_line != path else (body,)
            for value in objects:
                if value.get(of_line) is not None:
                    yield collection, value[of_line]

    def faults(
        self, severity: Severity, body: Body, find: Find, total: Callable[[], Decimal]
    ) -> Iterator[Fault]:
        """Yield a fault for each rule of *severity* that *body*, valid by its schema, breaks."""
        if self._any_broken[severity](body, find, total):
            yield from self._faults(severity, body, find, total)

    def _faults(
        self, severity: Severity, body: Body, find: Find, total: Callable[[], Decimal]
    ) -> Iterator[Fault]:
        scope = Scope(self.records, body, {}, find, total)
        for rule, is_broken in self._compiled.get((severity, False), ()):
            if is_broken(scope):
                yield Fault(rule.code, rule.field, _message(rule, scope))
        of_lines = self._compiled.get((severity, True), ())
        for n, line in enumerate(body["lines"]) if of_lines else ():
            scope = Scope(self.records, body, line, find, total)
            for rule, is_broken in of_lines:
                if is_broken(scope):
                    path = rule.field.replace("lines.", f"lines[{n}].", 1)
                    yield Fault(rule.code, path, _message(rule, scope))

    def as_json(self) -> dict[str, Any]:
        """Return the rules as JSON, with the keys `records` and `rules`, for an app in another language."""
        return {
            "records": {name: list(reference) for name, reference in self.records.items()},
            "rules": [
                {
                    "name": rule.name, "severity": rule.severity, "code": rule.code.code,
                    "field": rule.field, "when": listed(rule.when), "message": rule.message,
                    "reason": rule.reason,
                }
                for rule in self.rules
            ],
        }  # fmt: skip


def listed(condition: Any) -> Any:
    """Return *condition* with lists in the place of tuples, as JSON has it."""
    return [listed(part) for part in condition] if isinstance(condition, tuple) else condition


def _message(rule: Rule, scope: Scope) -> Sentence:
    names = {name for name, _ in PLACE.findall(rule.message)}
    return Sentence(rule.reason, {name: str(reader(name)(scope)) for name in sorted(names)})
