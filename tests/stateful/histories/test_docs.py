"""docs/histories.md names tests that exist."""

import ast
import re
from pathlib import Path

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
    files = list(Path(__file__).parent.glob("test_[0-9]*.py"))
    assert files
    for file in files:
        assert f"tests/stateful/histories/{file.name}::" in page, file.name
