"""Symbols: from a function, class or constant of the product to its place in the source."""

import inspect
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from ast_grep_py import SgNode

ROOT = Path(__file__).parents[2]


class SymbolMissing(LookupError):
    """The symbol is not one of the product's, or the source does not define it."""


@dataclass(frozen=True)
class Symbol:
    """A place in the source: the *file* below the root, and the nested *names* that lead to it there."""

    file: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}::{'.'.join(self.names)}"

    def within(self, source: SgNode) -> SgNode:
        """Return the node that defines the symbol in *source*; raises `SymbolMissing`."""
        node = source
        for name in self.names:
            node = _definition(node, name, str(self))
        return node


def symbol_of(reference: Any) -> Symbol:
    """Return the place of a function, method, property or class; a `Symbol` is returned as it is."""
    if isinstance(reference, Symbol):
        return reference
    if isinstance(reference, property):
        reference = reference.fget
    elif isinstance(reference, cached_property):
        reference = reference.func
    defined = inspect.unwrap(reference)
    return Symbol(_file(sys.modules[defined.__module__]), tuple(defined.__qualname__.split(".")))


def constant(module: ModuleType, value: Any) -> Symbol:
    """Return the place where *module* assigns *value*, given as `module.NAME`; raises `SymbolMissing`."""
    names = [name for name, other in vars(module).items() if other is value]
    if len(names) != 1:
        raise SymbolMissing(f"{module.__name__} has {len(names)} names for {value!r:.80}")
    return Symbol(_file(module), (names[0],))


def _file(module: ModuleType) -> str:
    return Path(str(module.__file__)).relative_to(ROOT).as_posix()


def _definition(node: SgNode, name: str, symbol: str) -> SgNode:
    """Return the definition of *name* directly below *node*: a module, or a class or function around it."""
    statements = (node.field("body") or node).children()
    inner = [(s.field("definition") or s) if s.kind() == "decorated_definition" else s for s in statements]
    definitions = [child for child in inner if name in _names(child)]
    if len(definitions) != 1:
        raise SymbolMissing(f"{symbol} is defined {len(definitions)} times")
    return definitions[0]


def _names(statement: SgNode) -> set[str]:
    """Return the names that *statement* defines."""
    if statement.kind() in ("function_definition", "class_definition"):
        named = statement.field("name")
        return {named.text()} if named else set()
    targets = [left for child in statement.children() if (left := child.field("left"))]
    return {part for target in targets for part in target.text().strip("()").replace(" ", "").split(",")}
