"""`make vulnerabilities` never takes "not looked up" for "nothing found"."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements/vulnerabilities.py"
CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1"}]}


def result_of(output: str, errors: str = "") -> tuple[int, str]:
    spec = importlib.util.spec_from_file_location("vulnerabilities", SCRIPT)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    status, message = module.result_of(output, errors)
    return status, message


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([CLEAN], 0, "1 packages looked up"),
        ([CLEAN, SKIPPED], 3, "NOT LOOKED UP: 1 of 2"),
        ([SKIPPED, VULNERABLE], 1, "c 2: CVE-1"),
        ([], 3, "NOT LOOKED UP"),
    ],
)
def test_only_a_package_that_was_looked_up_counts(packages: list[Any], status: int, words: str) -> None:
    result, message = result_of(json.dumps({"dependencies": packages}))
    assert result == status and words in message


def test_no_answer_is_not_a_result() -> None:
    assert result_of("", "Traceback\nConnectionError: no route")[0] == 3
