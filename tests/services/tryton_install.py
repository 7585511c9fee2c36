"""Tryton's own virtualenv: installed once, from hashes, with the companion module in it.

Its own, because Tryton is GPL and pins what it likes; Satchel speaks to it over HTTP only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.services.file_lock import file_lock
from tests.services.process import ServiceFailed

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "tryton.lock"
MODULE = ROOT / "backend" / "connectors" / "tryton" / "module"
CACHE = ROOT / ".cache" / "tryton"
FOLDER_VARIABLE = "SATCHEL_TRYTON_VENV"
INSTALL_SECONDS = 600


def virtualenv() -> Path:
    """Return the folder of the virtualenv; install it first unless it is up to date.

    Takes 15 to 30 seconds the first time. Raises `ServiceFailed` with pip's output if the installation fails.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE) or ROOT / ".venv-tryton").absolute()
    expected = fingerprint([LOCK, MODULE], sys.version)
    with file_lock(CACHE / "install.lock"):
        marker = folder / "satchel-fingerprint"
        if not marker.exists() or marker.read_text() != expected:
            _install(folder)
            marker.write_text(expected)
    return folder


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", folder], "On Debian, apt-get install python3-venv.")
    # nothing in it belongs into the repository, whatever its name
    (folder / ".gitignore").write_text("*\n")
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", LOCK], "Is the package index reachable?")
    with tempfile.TemporaryDirectory() as scratch:
        # from a copy: building leaves its droppings beside the sources
        copy = shutil.copytree(MODULE, Path(scratch) / "module")
        # its build needs setuptools only, which the lock brought: nothing more is fetched
        _run([*pip, "--no-deps", "--no-build-isolation", copy], "Does the companion module build?")


def _run(command: list[str | Path], advice: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if result.returncode:
        line = " ".join(map(str, command))
        raise ServiceFailed(f"Installing Tryton failed: {line}\n{result.stdout}{result.stderr}\n{advice}")


def fingerprint(paths: Iterable[Path], *also: str) -> str:
    """Return the SHA-256 (hex) over the files at and below `paths`, their names, and `also`."""
    digest = hashlib.sha256("\0".join(also).encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(f"\0{file.relative_to(path.parent)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
