"""No regular expression needs more than linear time, whoever writes the text that it reads."""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from backend.connectors.tryton.errors import USER_ERRORS
from sync_protocol import fields
from tests.architecture.pattern_costs import fault
from tests.architecture.test_contracts import ROOT, committed

ANCHORED = {"match", "fullmatch"}
TRIED_EVERYWHERE = {"search", "sub", "subn", "split", "findall", "finditer"}
OUR_OWN_TEXT = {
    "backend/api/openapi/document.py",  # paths of routes
    "sync_protocol/conformance/rules_table.py",  # a page of our documentation
    "backend/webapp/builder/imports.py",  # modules of the app and of locked libraries
    "sync_protocol/rule.py",  # messages of the catalogue
}
"""Files whose patterns read nothing from outside."""
FILES = [
    str(path.relative_to(ROOT))
    for path in committed("backend/*.py", "sync_protocol/*.py")
    if "trytond_satchel" not in str(path)
]


def literal_patterns(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield (function, pattern) of each call of `re` with a pattern as a literal."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield node.func.attr, first.value


def compiled_patterns(path: str) -> dict[str, "re.Pattern[Any]"]:
    """Return the patterns of a module and of its classes, by name."""
    module = importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    patterns = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
    for owner in vars(module).values():
        if isinstance(owner, type) and owner.__module__ == module.__name__:
            patterns |= {name: value for name, value in vars(owner).items() if isinstance(value, re.Pattern)}
    return patterns


def methods_of(tree: ast.AST, name: str) -> set[str]:
    """Return the methods of patterns that *tree* calls on *name* or on an attribute of this name."""
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ANCHORED | TRIED_EVERYWHERE:
            owner = node.value
            owner_name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", None)
            if owner_name == name:
                called.add(node.attr)
    return called


@pytest.mark.parametrize("path", [path for path in FILES if path not in OUR_OWN_TEXT])
def test_every_pattern_reads_a_text_in_linear_time(path: str) -> None:
    source = (ROOT / path).read_text()
    if "re." not in source:
        return
    tree = ast.parse(source)
    faults = {}
    for function, pattern in literal_patterns(tree):
        if function in ANCHORED | TRIED_EVERYWHERE:
            faults[pattern] = fault(re.compile(pattern), anchored=function in ANCHORED)
    if "re.compile" in source:
        for name, compiled in compiled_patterns(path).items():
            anchored = not methods_of(tree, name) & TRIED_EVERYWHERE
            faults[name] = fault(compiled, anchored=anchored)
    assert {name: reason for name, reason in faults.items() if reason} == {}


@pytest.mark.parametrize("rule", USER_ERRORS, ids=lambda rule: rule.name)
def test_every_sentence_of_tryton_is_read_in_linear_time(rule: Any) -> None:
    assert fault(rule.pattern, anchored=True) is None


def test_every_field_with_a_pattern_is_anchored() -> None:
    assert fields.Ulid.pattern.fullmatch("x") is None
    assert "pattern.search" not in (ROOT / "sync_protocol/fields.py").read_text()


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        ("^(?P<party>.*) will exceed (?P<limit>.*) by", True),
        ("(a+)+b", True),
        ("(a|b)*a*c", True),
        (r"\s+$", False),
        ("[a-z]+[0-9a-z]+;", True),
        ("(?:(?:a*)b?)*", True),
    ],
)
def test_a_pattern_that_backtracks_is_found(pattern: str, anchored: bool) -> None:
    assert fault(re.compile(pattern), anchored=anchored)


@pytest.mark.parametrize(
    "pattern",
    ["(?>.*? by )(?P<a>.*)\\.", "[a-z]+:[0-9]+", '"(?:[^"\\\\]++|\\\\.?)*+"?', "[a-z]{1,40}(x[a-z]{0,9}){0,3}"],
)
def test_a_pattern_that_cannot_backtrack_is_allowed(pattern: str) -> None:
    assert fault(re.compile(pattern), anchored=True) is None
