"""Syntax trees: finds the matches of a pattern, and puts text in the place of a node.

ast-grep distinguishes quotes and parentheses that mean the same to Python. So `ast.unparse` first rewrites both
source and patterns: then neither layout nor comments can make a pattern miss.
"""

import ast
import re
import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from ast_grep_py import Rule, SgNode

Pattern = str | Rule
"""Python with metavariables, or a rule of ast-grep."""

_METAVARIABLE = re.compile(r"(\$\$\$|\$)([A-Z][A-Z_]*)")


class NotOne(LookupError):
    """A pattern has no match, or more than one."""


class Change(NamedTuple):
    """The characters from *start* to *end* become *text*."""

    start: int
    end: int
    text: str


@cache
def normal(source: str) -> str:
    """Return *source* as `ast.unparse` writes it: without comments, each statement on one line."""
    return ast.unparse(ast.parse(source)) + "\n"


def rule_of(pattern: Pattern) -> Rule:
    """Return *pattern* as a rule, its patterns as `normal` writes source."""
    rule: Any = {"pattern": pattern} if isinstance(pattern, str) else pattern
    return _normal_rule(rule)


def _normal_rule(rule: Any) -> Any:
    if isinstance(rule, list):
        return [_normal_rule(part) for part in rule]
    if isinstance(rule, dict):
        return {
            key: _normal_pattern(value) if key == "pattern" else _normal_rule(value)
            for key, value in rule.items()
        }
    return rule


def _normal_pattern(pattern: str) -> str:
    # Python takes no dollar in a name, so a metavariable gets a letter for it meanwhile.
    return normal(pattern.replace("$", "μ")).strip().replace("μ", "$")


def calls(function: Callable[..., Any]) -> Rule:
    """Return the rule of a call of *function*, under whatever module or object."""
    name = function.__name__
    return {"any": [{"pattern": f"{name}($$$)"}, {"pattern": f"$OWNER.{name}($$$)"}]}


def holding(pattern: Pattern) -> Rule:
    """Return the rule of whatever is a match of *pattern* or has one inside."""
    rule = rule_of(pattern)
    return {"any": [rule, {"has": {**rule, "stopBy": "end"}}]}


def matches(scope: SgNode, pattern: Pattern) -> list[SgNode]:
    """Return every node in *scope* that *pattern* matches."""
    return scope.find_all(**rule_of(pattern))


def only(nodes: Sequence[SgNode], pattern: Pattern) -> SgNode:
    """Return the one node; raises `NotOne`."""
    if len(nodes) != 1:
        raise NotOne(f"{len(nodes)} matches, not 1, of {pattern}")
    return nodes[0]


def statement(scope: SgNode, pattern: Pattern) -> tuple[SgNode, SgNode]:
    """Return the only statement in *scope* that holds a match of *pattern*, and the first match in it."""
    statements = {}
    for match in matches(scope, pattern):
        node = match
        while (parent := node.parent()) and parent.kind() not in ("block", "module"):
            node = parent
        statements.setdefault(_span(node), (node, match))
    only([node for node, _ in statements.values()], pattern)
    return next(iter(statements.values()))


def bare(node: SgNode | None) -> SgNode:
    """Return *node* without the parentheses around it."""
    assert node is not None
    return bare(node.child(1)) if node.kind() == "parenthesized_expression" else node


def text_of(node: SgNode) -> str:
    """Return the text of a statement as it would stand at the left margin."""
    return textwrap.dedent(" " * _column(node) + node.text())


def put(node: SgNode, text: str, match: SgNode | None = None) -> Change:
    """Return the change that puts *text*, with the metavariables of *match*, in place of *node*."""
    return Change(*_span(node), _filled(_indented(node, text), match))


def put_before(node: SgNode, text: str, match: SgNode | None = None) -> Change:
    """Return the change that puts the statements *text* before the statement *node*."""
    start, _ = _span(node)
    return Change(start, start, _filled(_indented(node, f"{text}\n"), match))


def put_after(node: SgNode, text: str, match: SgNode | None = None) -> Change:
    """Return the change that puts the statements *text* after the statement *node*."""
    _, end = _span(node)
    return Change(end, end, _filled(_indented(node, f"\n{text}"), match))


def _filled(template: str, match: SgNode | None) -> str:
    """Return *template* with the texts that the metavariables of *match* stand for; `$MATCH` is all of it."""
    if match is None:
        return template
    source = match.get_root().root().text()

    def text(variable: re.Match[str]) -> str:
        dollars, name = variable.groups()
        if name == "MATCH":
            return match.text()
        if dollars == "$":
            node = match.get_match(name)
            assert node is not None, f"the pattern has no ${name}"
            return node.text()
        nodes = match.get_multiple_matches(name)
        return source[_span(nodes[0])[0] : _span(nodes[-1])[1]] if nodes else ""

    return _METAVARIABLE.sub(text, template)


def _indented(node: SgNode, text: str) -> str:
    """Indent all lines of *text* but the first as *node* is."""
    return text.replace("\n", "\n" + " " * _column(node))


def _column(node: SgNode) -> int:
    return node.range().start.column


def _span(node: SgNode) -> tuple[int, int]:
    place = node.range()
    return place.start.index, place.end.index
