"""Kinto's own virtualenv, installed once from hashes: Kinto pins other versions, and our tests need none of
it."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.services.file_lock import file_lock
from tests.services.process import ServiceFailed
from tests.services.tryton_install import fingerprint

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements" / "bench.lock"
FOLDER = ROOT / ".venv-kinto"
INSTALL_SECONDS = 600


def kinto_venv() -> Path:
    """Return the virtualenv's folder; install it first unless it is up to date."""
    expected = fingerprint([LOCK], sys.version)
    with file_lock(ROOT / ".cache" / "kinto-install.lock"):
        marker = FOLDER / "satchel-fingerprint"
        if not marker.exists() or marker.read_text() != expected:
            shutil.rmtree(FOLDER, ignore_errors=True)
            _run([sys.executable, "-m", "venv", FOLDER])
            (FOLDER / ".gitignore").write_text("*\n")
            pip = [FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--require-hashes", "-r", LOCK])
            marker.write_text(expected)
    return FOLDER


def _run(command: list[str | Path]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if result.returncode:
        line = " ".join(map(str, command))
        raise ServiceFailed(f"Installing Kinto failed: {line}\n{result.stdout}{result.stderr}")
