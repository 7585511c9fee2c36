"""docs/histories.md names tests that exist."""

import ast
import re
from pathlib import Path

from tests.mutants.table import MUTANTS
from tests.stateful.search.known_histories import KNOWN

ROOT = Path(__file__).parents[3]


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "histories.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 10
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


def test_every_history_that_is_tested_is_on_the_page() -> None:
    page = (ROOT / "docs" / "histories.md").read_text()
    files = [file for file in Path(__file__).parent.glob("test_*.py") if file != Path(__file__)]
    assert files
    for file in files:
        assert f"tests/stateful/histories/{file.name}::" in page, file.name
    numbered = [history.__name__ for history in KNOWN if history.__name__.startswith("history_")]
    assert numbered
    for name in numbered:
        assert f"::{name}`" in page, name


def test_every_history_has_one_row_and_the_mutants_use_its_number_or_name() -> None:
    page = (ROOT / "docs" / "histories.md").read_text()
    first_cells = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(first_cells) == len(set(first_cells)) > 10
    assert {mutant.number for mutant in MUTANTS} - {"–"} <= set(first_cells)
    tests = re.findall(r"`(tests/[\w/]+\.py::\w+)`", page)
    assert len(tests) == len(set(tests))
