"""A copy of the product with steps in its app, and perhaps with a fault that a run must notice."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from backend.webapp.builder import output
from backend.webapp.builder.paths import APP, WEBAPP
from tests.browser.chaos.steps import JsEdit
from tests.mutants.symbol import ROOT

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "built", "vendor")
_POLICY = (
    "backend/webapp/blueprint.py",
    "[\"'self'\", *connect_to]",
    '["\'self\'", "http://127.0.0.1:*", *connect_to]',
)


class StaleEdit(ValueError):
    """The source is not what an edit was written for any more."""


def edited(edits: Sequence[JsEdit]) -> dict[str, str]:
    """Return each file of the app's source that *edits* change, as it is with them. Raises `StaleEdit`."""
    sources: dict[str, str] = {}
    for edit in edits:
        source = sources.get(edit.file) or (APP / edit.file).read_text()
        if source.count(edit.old) != 1:
            raise StaleEdit(f"{edit.file} has {source.count(edit.old)} times: {edit.old}")
        sources[edit.file] = source.replace(edit.old, edit.new)
    return sources


def copy(root: Path, edits: Sequence[JsEdit], version: str) -> Path:
    """Write a copy of the product below *root*, whose app has *edits* and is *version*; return *root*."""
    shutil.copytree(ROOT / "backend", root / "backend", ignore=_LEFT_OUT)
    shutil.copytree(ROOT / "sync_protocol", root / "sync_protocol", ignore=_LEFT_OUT)
    shutil.copyfile(ROOT / "wsgi.py", root / "wsgi.py")
    file, old, new = _POLICY
    policy = (ROOT / file).read_text()
    if policy.count(old) != 1:
        raise StaleEdit(f"{file} has not once: {old}")
    (root / file).write_text(policy.replace(old, new))
    app = root / APP.relative_to(ROOT)
    for name, text in edited(edits).items():
        (app / name).write_text(text)
    with ExitStack() as patched:
        patched.enter_context(patch.object(output, "APP", app))
        # On loopback it takes longer to compress a file than to send it.
        patched.enter_context(patch.object(output, "write_compressed", _write))
        output.write(version, "", root / WEBAPP.relative_to(ROOT) / "built")
    return root


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
