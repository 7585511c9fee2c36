"""Builds the phone app and the console's files unless their `built/` is up to date.

Separate from `__main__`, because the build hook of the wheel calls it too.
"""

import hashlib
import json
from pathlib import Path

from backend.webapp.builder import console, output, vendor
from backend.webapp.builder.paths import BUILT, CONSOLE_BUILT


def refresh(version: str) -> None:
    """Build *version* of the app if a file of it has changed. Raises what `npm.install` raises."""
    vendor.refresh()
    inputs = _inputs(version)
    for folder, write in ((BUILT, output.write), (CONSOLE_BUILT, console.write)):
        index = folder / output.INDEX
        if not index.exists() or json.loads(index.read_text())["inputs"] != inputs:
            write(version, inputs)


def _inputs(version: str) -> str:
    """Return a hash of everything that determines the builds: the files of both and the programs."""
    digest = hashlib.sha256(version.encode())
    programs = {path.name: path for path in sorted(Path(__file__).parent.glob("*.py"))}
    console_files = {f"console/{name}": path for name, path in console.sources().items()}
    for name, path in (output.sources() | console_files | programs).items():
        digest.update(f"\n{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()
