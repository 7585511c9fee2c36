"""Rules of the repository: lock files, names, short files, docstrings. `make lint` checks the rest."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.xdist_scheduler import LONGEST

ROOT = Path(__file__).parents[2]


def committed(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in done.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_the_files_that_are_begun_first_exist() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []


def test_lock_files_carry_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index|--find-links", text), lock.name


def test_lock_files_hold_what_the_project_asks_for() -> None:
    """A dependency that is added but not locked is missing on every other machine."""
    required = re.findall(r'^    "([a-z0-9-]+)(?:\[[a-z,]+\])?>=', (ROOT / "pyproject.toml").read_text(), re.M)
    locked = (ROOT / "requirements/test.lock").read_text()
    assert len(required) > 20
    assert [name for name in required if not re.search(rf"^{name}==", locked, re.M)] == []


def test_the_lock_for_a_bucket_is_that_of_production_and_boto3_as_they_are_tested() -> None:
    run, s3, tested = (_locked(name) for name in ("run", "s3", "test"))
    assert run < s3 <= tested
    assert "boto3" in {name for name, _ in s3 - run}


def _locked(name: str) -> set[tuple[str, str]]:
    text = (ROOT / f"requirements/{name}.lock").read_text()
    return set(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.M))


@pytest.mark.parametrize("word", ["utils", "helpers", "misc", "common"])
def test_no_file_has_a_name_that_says_nothing(word: str) -> None:
    assert [path for path in committed("*.py") if path.stem == word or word in path.parts[:-1]] == []


def test_files_are_short() -> None:
    """A file has one idea. More than 300 lines suggest that it has two; a test may list more cases."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in committed("*.py")
        if "migrations/versions" not in str(path)
        and (lines := path.read_text().count("\n")) > (350 if path.is_relative_to(ROOT / "tests") else 300)
    }
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in committed("backend/*.py", "sync_protocol/*.py")
        if (text := path.read_text().strip()) and ast.get_docstring(ast.parse(text)) is None
    ]
    assert bare == []
