"""Rules and their results: what an implementation must do, and whether it does."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Generic, Literal, TypeVar

Subject = TypeVar("Subject")

Outcome = Literal["pass", "fail", "not applicable"]


class RuleViolation(Exception):
    """The implementation breaks the rule; the message says what it did instead."""


class NotApplicable(Exception):
    """The rule does not concern this implementation; the message says why."""


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """One rule: a short name, a summary of what it requires, the page that explains it, and the check."""

    name: str
    summary: str
    page: str
    check: Callable[[Subject], None]


@dataclass(frozen=True)
class RuleResult:
    """The result of checking one rule.

    In the report it is an object with the keys number, rule, outcome, summary, detail and page.
    """

    number: str
    rule: str
    outcome: Outcome
    summary: str
    detail: str
    page: str

    def as_json(self) -> dict[str, str]:
        """Return the result as an object for the report."""
        return asdict(self)


def check_rule(number: str, rule: Rule[Subject], subject: Subject) -> RuleResult:
    """Check *rule* on *subject* and return the result."""
    outcome: Outcome = "pass"
    detail = ""
    try:
        rule.check(subject)
    except RuleViolation as violation:
        outcome, detail = "fail", str(violation)
    except NotApplicable as reason:
        outcome, detail = "not applicable", str(reason)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        # The reply does not have the form that the rule expects.
        outcome, detail = "fail", f"a reply cannot be read: {type(error).__name__}: {error}"
    return RuleResult(number, rule.name, outcome, rule.summary, detail, rule.page)


def numbered(letter: str, rules: Iterable[Rule[Subject]]) -> list[tuple[str, Rule[Subject]]]:
    """Return *rules* with their numbers: *letter* and 1, 2, 3 …."""
    return [(f"{letter}{n}", rule) for n, rule in enumerate(rules, 1)]


def expect(condition: object, message: str) -> None:
    """Raise `RuleViolation` with *message* unless *condition* holds."""
    if not condition:
        raise RuleViolation(message)
