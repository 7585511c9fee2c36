"""The build: one hash names it, pages name its files, and the wheel contains it."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend.webapp import built_files
from backend.webapp.builder import __main__ as checkout
from backend.webapp.builder import output
from backend.webapp.builder.paths import BUILT, LOCK
from tests.services.file_lock import CACHE, file_lock

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module", autouse=True)
def built_app() -> None:
    with file_lock(CACHE / "webapp.lock"):
        checkout.build_checkout()


def test_the_lock_file_has_hashes_and_no_address() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert len(installed) > 20
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert [path for path, package in installed.items() if "resolved" in package] == []


def test_the_same_content_has_the_same_name(tmp_path: Path) -> None:
    for folder, version in (("a", "1"), ("b", "1"), ("c", "2")):
        output.write(version, "", tmp_path / folder)
    first, second, other = (built_files.load(tmp_path / name) for name in "abc")
    assert first == second
    assert first.id != other.id


def test_pages_name_files_of_the_build_and_nothing_from_elsewhere() -> None:
    build = built_files.load()
    page = build.files["index.html"].bodies["identity"].decode()
    names = re.findall(rf"/app/files/{build.id}/([\w./-]+)", page)
    assert len(names) > 20
    assert [name for name in names if f"files/{name}" not in build.files] == []
    assert re.findall(r"(?:src|href)=\"(?!/app/)[^\"]*\"", page) == []
    assert not re.search(r"__[A-Z_]+__", page)


def test_each_library_has_its_licence() -> None:
    text = built_files.load().files["files/vendor/LICENSES.txt"].bodies["identity"].decode()
    packages = json.loads(LOCK.read_text())["packages"]
    shipped = [
        path.removeprefix("node_modules/") for path, each in packages.items() if path and not each.get("dev")
    ]
    assert len(shipped) > 5
    assert [name for name in shipped if f"\n{name} " not in text] == []


def test_a_build_that_is_up_to_date_is_not_made_again() -> None:
    before = (BUILT / output.INDEX).stat().st_mtime_ns
    checkout.build_checkout()
    assert (BUILT / output.INDEX).stat().st_mtime_ns == before


def test_the_wheel_contains_the_built_app(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    with file_lock(CACHE / "webapp.lock"):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    build = built_files.load()
    assert {f"backend/webapp/built/{name}" for name in build.files} <= set(names)
    assert [
        name for name in names if re.search(r"node_modules|webapp/(app|vendor)/|package.*json$", name)
    ] == []
