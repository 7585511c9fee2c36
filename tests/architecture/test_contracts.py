"""Rules of the repository: lock files, names, short files, docstrings. `make lint` checks the rest."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.xdist_scheduler import LONGEST

ROOT = Path(__file__).parents[2]


def committed(*patterns: str) -> list[Path]:
    result = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in result.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_the_files_that_start_first_exist() -> None:
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
def test_no_file_has_a_meaningless_name(word: str) -> None:
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


def test_every_module_has_a_docstring() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in committed("backend/*.py", "sync_protocol/*.py")
        if (text := path.read_text().strip()) and ast.get_docstring(ast.parse(text)) is None
    ]
    assert bare == []


UNTYPED = re.compile(r"(dict|Mapping)\[str, (Any|object)\]")
SAYS_KEYS = re.compile(r"Schema`|\bkeys?\b|(`\w+`.*){2}", re.DOTALL)


def shapeless(source: str) -> list[str]:
    """Return the public functions with a dict whose keys neither the type nor the docstring says."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        for docstring in [ast.get_docstring(node)]
        if docstring is not None and not SAYS_KEYS.search(docstring)
        if any(
            UNTYPED.search(ast.unparse(annotation))
            for annotation in (node.returns, *(a.annotation for a in (*node.args.args, *node.args.kwonlyargs)))
            if annotation is not None
        )
    ]


def test_a_function_says_the_keys_of_the_dicts_that_it_takes_and_returns() -> None:
    """Use a TypedDict, an alias of `sync_protocol.json_types`, or name the keys in the docstring."""
    without = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in committed("backend/*.py", "sync_protocol/*.py")
        for name in shapeless(path.read_text())
    ]
    assert without == []


def test_a_dict_without_keys_is_noticed() -> None:
    source = 'def f(x: dict[str, Any]) -> int:\n    """{}"""\n'
    assert shapeless(source.format("Return the sum of *x*.")) == ["f"]
    assert shapeless(source.format("Return the sum of *x*, whose keys are ids.")) == []
    assert shapeless(source.replace("dict[str, Any]", "Record").format("Return the sum of *x*.")) == []
