"""Reads the notes of fields from the source: the string literal below `limit = Money(…)`, and docstrings."""

import ast
import inspect
import textwrap
from functools import cache

from marshmallow import Schema


@cache
def field_notes(schema: type[Schema]) -> dict[str, str]:
    """Return the notes of the fields of *schema* and its base classes, by field name."""
    notes: dict[str, str] = {}
    for cls in reversed(schema.__mro__):
        if cls is Schema or not issubclass(cls, Schema):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
        if not isinstance(body, ast.ClassDef):
            continue
        for statement, following in zip(body.body, body.body[1:], strict=False):
            note = _text(following)
            if note and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                notes[statement.targets[0].id] = note
    return notes


def _text(node: ast.stmt) -> str | None:
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return " ".join(node.value.value.split())
    return None


def summary(schema: type[Schema]) -> str:
    """Return the docstring of *schema* on one line; empty if it has none of its own."""
    return " ".join((schema.__dict__.get("__doc__") or "").split())
