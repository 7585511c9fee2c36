"""The test tree mirrors the package: a test is found in the folder that bears the name of what it tests."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
LONGEST = 300
"""Lines of a file of the tests."""

ELSEWHERE = {
    "device": "sync_protocol/device",  # the reference device is an application of its own beside the wire
}
"""Folders of unit tests whose package has another path, each with the reason."""


def package(folder: str) -> Path:
    """Return the folder of the package that *folder* of `tests/unit` should test."""
    top, _, rest = folder.partition("/")
    if top in ELSEWHERE:
        return ROOT / ELSEWHERE[top] / rest
    return ROOT / folder if top == "sync_protocol" else ROOT / "backend" / folder


def folders() -> list[str]:
    """Return all folders below `tests/unit` that hold Python files."""
    return sorted({str(file.parent.relative_to(UNIT)) for file in UNIT.glob("*/**/*.py")})


def test_each_folder_of_unit_tests_is_named_after_a_package() -> None:
    assert len(folders()) > 20
    assert [name for name in folders() if not (package(name) / "__init__.py").is_file()] == []


def test_the_exceptions_are_needed() -> None:
    assert [name for name in ELSEWHERE if (ROOT / "backend" / name).exists() or name not in folders()] == []


def test_no_file_of_the_tests_is_too_long() -> None:
    lines = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines())
        for file in (ROOT / "tests").glob("**/*.py")
    }
    assert {name: number for name, number in lines.items() if number > LONGEST} == {}


def test_numbers_of_examples_are_declared_in_one_place() -> None:
    places = {ROOT / "tests" / "examples.py", Path(__file__)}
    # The search of histories is told its number by its caller; a model of the device plays few and many.
    places |= {
        ROOT / "tests/security/fuzz/searching.py",
        ROOT / "tests/stateful/search/searching.py",
        UNIT / "device" / "sync" / "test_model.py",
    }
    files = [file for file in (ROOT / "tests").glob("**/*.py") if file not in places]
    assert [str(file.relative_to(ROOT)) for file in files if "max_examples" in file.read_text()] == []
