"""Edits: small changes to the source of a symbol, each at the one place that a pattern matches."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ast_grep_py import SgNode

from tests.mutants import tree
from tests.mutants.symbol import Symbol, symbol_of
from tests.mutants.tree import Change, Pattern

_IF = ("if_statement", "elif_clause", "while_statement", "if_clause")
"""The syntax nodes that have a condition; the last is that of a comprehension."""


@dataclass(frozen=True)
class Edit:
    """An edit of a *symbol*: *changes* returns the changes of text in its node."""

    symbol: Symbol
    changes: Callable[[SgNode], list[Change]]


def never(symbol: Any, condition: Pattern) -> Edit:
    """Make the only matching condition of an `if` or `while` false; the whole condition must match."""
    return Edit(symbol_of(symbol), partial(_condition, condition, "False"))


def always(symbol: Any, condition: Pattern) -> Edit:
    """Make the only matching condition of an `if` or `while` true; the whole condition must match."""
    return Edit(symbol_of(symbol), partial(_condition, condition, "True"))


def replace(symbol: Any, pattern: Pattern, text: str) -> Edit:
    """Put *text*, with the metavariables of *pattern*, in place of the only match."""

    def changes(scope: SgNode) -> list[Change]:
        match = tree.only(tree.matches(scope, pattern), pattern)
        return [tree.put(match, text, match)]

    return Edit(symbol_of(symbol), changes)


def drop(symbol: Any, pattern: Pattern) -> Edit:
    """Delete the only statement that holds a match of *pattern*."""

    def changes(scope: SgNode) -> list[Change]:
        # `pass` keeps the block, should it be the only statement there.
        return [tree.put(tree.statement(scope, pattern)[0], "pass")]

    return Edit(symbol_of(symbol), changes)


def before(symbol: Any, pattern: Pattern, text: str) -> Edit:
    """Put the statements *text* before the only statement that holds a match of *pattern*."""

    def changes(scope: SgNode) -> list[Change]:
        place, match = tree.statement(scope, pattern)
        return [tree.put_before(place, text, match)]

    return Edit(symbol_of(symbol), changes)


def after(symbol: Any, pattern: Pattern, text: str) -> Edit:
    """Put the statements *text* after the only statement that holds a match of *pattern*."""

    def changes(scope: SgNode) -> list[Change]:
        place, match = tree.statement(scope, pattern)
        return [tree.put_after(place, text, match)]

    return Edit(symbol_of(symbol), changes)


def move(symbol: Any, pattern: Pattern, *, before: Pattern | None = None, after: Pattern | None = None) -> Edit:
    """Move the only statement that holds *pattern* to *before* or *after* the one that holds that pattern."""
    anchor = after if before is None else before
    assert anchor is not None, "say where it goes"

    def changes(scope: SgNode) -> list[Change]:
        moved, place = tree.statement(scope, pattern)[0], tree.statement(scope, anchor)[0]
        put = tree.put_after if before is None else tree.put_before
        return [tree.put(moved, "pass"), put(place, tree.text_of(moved))]

    return Edit(symbol_of(symbol), changes)


def body(function: Any, text: str) -> Edit:
    """Put the statements *text* in place of the body of *function*."""

    def changes(scope: SgNode) -> list[Change]:
        block = scope.field("body")
        assert block is not None, "only a function or class has a body"
        return [tree.put(block, text)]

    return Edit(symbol_of(function), changes)


def change_text(symbol: Any, old: str, new: str) -> Edit:
    """Change *old* into *new* in the only string literal that has it, once."""

    def changes(scope: SgNode) -> list[Change]:
        literals = [node for node in scope.find_all(kind="string") if old in node.text()]
        literal = tree.only(literals, old)
        return [tree.put(literal, literal.text().replace(old, new, 1))]

    return Edit(symbol_of(symbol), changes)


def _condition(pattern: Pattern, value: str, scope: SgNode) -> list[Change]:
    holders = [node for kind in _IF for node in scope.find_all(kind=kind)]
    conditions = [tree.bare(node.field("condition") or node.child(1)) for node in holders]
    rule = tree.rule_of(pattern)
    met = [condition for condition in conditions if condition.matches(**rule)]
    return [tree.put(tree.only(met, pattern), value)]
