"""The table of killers cannot rot: every patch applies, every test exists, and some are run each time.

`make killers` runs them all.
"""

import ast
import subprocess
import sys

import pytest

from tests.killers.killer import ROOT, Killer
from tests.killers.page import page
from tests.killers.patching import patched
from tests.killers.table import KILLERS

QUICK = ("XOR in place of sum", "drop after put", "a damaged segment is believed")


@pytest.mark.parametrize("killer", KILLERS, ids=lambda killer: killer.name)
def test_the_patch_applies_and_changes_the_source(killer: Killer) -> None:
    for file in {file for file, _, _ in killer.patches}:
        assert patched(ROOT, file, killer.patches) != (ROOT / file).read_text()


@pytest.mark.parametrize("killer", KILLERS, ids=lambda killer: killer.name)
def test_the_test_that_is_named_exists(killer: Killer) -> None:
    file, name = killer.test.split("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_names_are_unique_and_the_page_is_written_anew() -> None:
    assert len({killer.name for killer in KILLERS}) == len(KILLERS)
    assert (ROOT / "docs" / "killers.md").read_text() == page(), "write it: python -m tests.killers --page"


def test_some_mistakes_are_brought_back_and_found() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.killers", *QUICK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("killed  ") == len(QUICK)
