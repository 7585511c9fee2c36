"""Builds the app unless `built/` is up to date.

Separate from `__main__`, because the build hook of the wheel calls it too.
"""

import hashlib
import json
from pathlib import Path

from backend.webapp.builder import output, vendor
from backend.webapp.builder.paths import BUILT


def refresh(version: str) -> None:
    """Build *version* of the app if a file of it has changed. Raises what `npm.install` raises."""
    vendor.refresh()
    inputs = _inputs(version)
    index = BUILT / output.INDEX
    if not index.exists() or json.loads(index.read_text())["inputs"] != inputs:
        output.write(version, inputs)


def _inputs(version: str) -> str:
    """Return a hash of everything that determines the build: the app's files and the programs that build it."""
    digest = hashlib.sha256(version.encode())
    programs = {path.name: path for path in sorted(Path(__file__).parent.glob("*.py"))}
    for name, path in (output.sources() | programs).items():
        digest.update(f"\n{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()
