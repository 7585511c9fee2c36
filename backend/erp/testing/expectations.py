"""What a failure of the contract says: the rule, what was expected, and what the connector gave.

The reader of a failure writes a connector and does not know this suite. So each failure is a few sentences
about the connector, and not an expression of a test.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from backend.erp.errors import ErpError, ErrorClass

T = TypeVar("T")
_LONGEST = 600
"""Characters of a value in a message."""
_EXAMPLES = 5


class RuleBroken(AssertionError):
    """A connector breaks a rule of the contract."""


def expect(holds: bool, rule: str, *, expected: object, given: object) -> None:
    """Raise `RuleBroken` unless *holds*.

    Args:
        holds: Whether the connector keeps the rule.
        rule: The rule as a sentence without a full stop; it begins with the method of the connector.
        expected: What a correct connector gives: a value, or words that describe it.
        given: What this connector gave, likewise.
    """
    __tracebackhide__ = True
    if not holds:
        raise RuleBroken(f"{rule}.\n  Expected: {_shown(expected)}\n  The connector gave: {_shown(given)}")


def expect_equal(given: object, expected: object, rule: str) -> None:
    """Raise `RuleBroken` unless *given*, from the connector, equals *expected*."""
    __tracebackhide__ = True
    expect(given == expected, rule, expected=expected, given=given)


def expect_same_records(
    given: Mapping[str, Mapping[str, object]], expected: Mapping[str, Mapping[str, object]], rule: str
) -> None:
    """Raise `RuleBroken` with the differences unless both hold the same records, by key."""
    __tracebackhide__ = True
    expect(
        given == expected,
        rule,
        expected="the same records each time",
        given="; ".join(_differences(given, expected)),
    )


def expect_keys(given: Collection[str], expected: Collection[str], rule: str) -> None:
    """Raise `RuleBroken` with the missing and the surplus keys unless both are the same set."""
    __tracebackhide__ = True
    missing, surplus = sorted(set(expected) - set(given)), sorted(set(given) - set(expected))
    expect(
        not missing and not surplus, rule, expected=f"{len(set(expected))} keys",
        given=f"{len(set(given))} keys; missing: {_some(missing)}; not expected: {_some(surplus)}",
    )  # fmt: skip


def only(items: Iterable[T], rule: str) -> T:
    """Return the one item of *items*; raise `RuleBroken` if there is none or more than one."""
    __tracebackhide__ = True
    listed = list(items)
    expect(len(listed) == 1, rule, expected="exactly one", given=f"{len(listed)}: {_shown(listed)}")
    return listed[0]


def expect_error(
    call: Callable[[], object], rule: str, classes: Collection[ErrorClass], naming: str = ""
) -> ErpError:
    """Return the `ErpError` that *call* raises; raise `RuleBroken` if it returns or raises something else.

    Args:
        call: Calls the connector.
        rule: As for `expect`.
        classes: The classes that the error may have.
        naming: Words that its message must contain.
    """
    __tracebackhide__ = True
    expected = f"an ErpError of class {' or '.join(sorted(each.name for each in classes))}"
    if naming:
        expected += f" whose message names {naming}"
    try:
        result = call()
    except ErpError as error:
        fits = error.error_class in classes and naming in str(error)
        expect(fits, rule, expected=expected, given=f"an ErpError of class {error.error_class.name}: {error}")
        return error
    except Exception as error:
        message = f"{rule}.\n  Expected: {expected}\n  The connector raised: {_shown(error)}"
        raise RuleBroken(message) from error
    raise RuleBroken(f"{rule}.\n  Expected: {expected}\n  The connector returned: {_shown(result)}")


def _differences(
    given: Mapping[str, Mapping[str, object]], expected: Mapping[str, Mapping[str, object]]
) -> list[str]:
    differences = []
    for key in sorted(given.keys() | expected.keys()):
        if key not in given or key not in expected:
            differences.append(f"{key} is only in {'the first' if key in expected else 'the second'} answer")
        else:
            differences += [
                f"{key}.{name} was {_shown(value)} and is {_shown(given[key].get(name))}"
                for name, value in expected[key].items()
                if given[key].get(name) != value
            ]
    more = len(differences) - _EXAMPLES
    return [*differences[:_EXAMPLES], f"and {more} more differences"] if more > 0 else differences


def _some(keys: list[str]) -> str:
    if not keys:
        return "none"
    return ", ".join(keys[:_EXAMPLES]) + (f" and {len(keys) - _EXAMPLES} more" if len(keys) > _EXAMPLES else "")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
