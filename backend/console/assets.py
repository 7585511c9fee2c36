"""The scripts and styles of the console, at addresses whose content never changes."""

from functools import cache
from pathlib import Path

from flask import Response, abort

from backend.webapp import built_files
from backend.webapp.blueprint import IMMUTABLE, respond
from backend.webapp.built_files import Build

FOLDER = Path(__file__).parent / "built"


@cache
def build() -> Build:
    """Return the installed build. Raises `built_files.NotBuilt`."""
    return built_files.load(FOLDER)


def address(name: str) -> str:
    """Return the address of the file *name*."""
    return f"/office/files/{build().id}/{name}"


def file(build: str, name: str) -> Response:
    """Answer with the file *name* of the installed build."""
    installed = _installed()
    if build != installed.id or name not in installed.files:
        abort(404)
    return respond(installed.files[name], IMMUTABLE)


def _installed() -> Build:
    return build()
