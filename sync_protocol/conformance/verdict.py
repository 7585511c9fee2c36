"""Rules and verdicts: what is asked of an implementation, and what became of it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Generic, Literal, TypeVar

Bench = TypeVar("Bench")

Outcome = Literal["pass", "fail", "not asked"]


class RuleViolation(Exception):
    """The implementation does not keep the rule; the message says what it did instead."""


class NotApplicable(Exception):
    """The rule does not concern this implementation; the message says why."""


@dataclass(frozen=True)
class Rule(Generic[Bench]):
    """One rule: a short name, what it demands, the page that explains it, and the check."""

    name: str
    demands: str
    page: str
    check: Callable[[Bench], None]


@dataclass(frozen=True)
class Verdict:
    """What became of one rule."""

    number: str
    rule: str
    outcome: Outcome
    demands: str
    detail: str
    page: str

    def as_json(self) -> dict[str, str]:
        """Return the verdict as an object of the report."""
        return asdict(self)


def judged(number: str, rule: Rule[Bench], bench: Bench) -> Verdict:
    """Return the verdict on *rule*, checked on *bench*."""
    outcome: Outcome = "pass"
    detail = ""
    try:
        rule.check(bench)
    except RuleViolation as broken:
        outcome, detail = "fail", str(broken)
    except NotApplicable as reason:
        outcome, detail = "not asked", str(reason)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        # What it answered is not even of the form that the rule looks into.
        outcome, detail = "fail", f"an answer cannot be read: {type(error).__name__}: {error}"
    return Verdict(number, rule.name, outcome, rule.demands, detail, rule.page)


def numbered(letter: str, rules: Iterable[Rule[Bench]]) -> list[tuple[str, Rule[Bench]]]:
    """Return *rules* with their numbers, `D1` and on."""
    return [(f"{letter}{n}", rule) for n, rule in enumerate(rules, 1)]


def expect(holds: object, otherwise: str) -> None:
    """Raise `Broken` with *otherwise* unless it *holds*."""
    if not holds:
        raise RuleViolation(otherwise)
