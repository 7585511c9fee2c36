"""The table of mutants is current: every edit applies, every test exists, and one mutant is run each time.

`make mutants` runs them all.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.copies import write
from tests.mutants.mutant import Mutant
from tests.mutants.page import page
from tests.mutants.patching import mutated
from tests.mutants.symbol import ROOT
from tests.mutants.table import MUTANTS

QUICK = "drop after put"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_edits_apply(mutant: Mutant) -> None:
    # Raises where an edit does not match once, changes nothing, or leaves what does not compile.
    assert mutated(mutant.name, mutant.edits)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_test_that_is_named_exists(mutant: Mutant) -> None:
    file, name = mutant.test.split("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_mutants_use_no_name_that_is_not_defined(tmp_path: Path) -> None:
    for number, mutant in enumerate(MUTANTS):
        sources = mutated(mutant.name, mutant.edits)
        write(tmp_path, {f"{number}_{Path(file).name}": text for file, text in sources.items()})
    check = [Path(sys.executable).with_name("ruff"), "check", "--isolated", "--select", "F821", "."]
    result = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_names_are_unique_and_the_page_is_current() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert (ROOT / "docs" / "mutants.md").read_text() == page(), "write it: python -m tests.mutants --page"


def test_one_mutant_is_made_and_killed() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.mutants", QUICK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\n1 of 1 mutants are killed" in result.stdout
