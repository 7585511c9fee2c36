"""docs/security.md has all 43 rows, and the tests that it names exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M)
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROWS = {int(number): (requirement, place, tests) for number, requirement, place, tests in ROW.findall(PAGE)}
NUMBERS = set(range(1, 45)) - {17}
"""17 is about tenants, which Satchel does not have."""


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_all_rows_are_there_once() -> None:
    assert [int(row[0]) for row in ROW.findall(PAGE)] == sorted(NUMBERS)
    assert len(NUMBERS) == 43


def test_each_named_test_exists() -> None:
    missing = [
        f"{number}: {path}::{name}"
        for number, (_, _, tests) in ROWS.items()
        for path, name in TEST.findall(tests)
        if not (ROOT / path).is_file() or (name and name not in functions(path))
    ]
    assert missing == []


def test_a_row_names_a_test_or_says_that_it_is_not_met() -> None:
    silent = [
        n for n, (_, _, tests) in ROWS.items() if not re.search(r"::test_", tests) and "not met:" not in tests
    ]
    assert silent == []
